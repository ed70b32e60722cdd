-- What is accepted of an asset, or priced anew, seen from a balance of that time.
SELECT coalesce(sum(units), 0)::text FROM promise
WHERE payout_asset = @payout_asset AND order_id IS NOT NULL
  AND coalesce(closed_at, 'infinity') >= @balance_at::timestamptz
