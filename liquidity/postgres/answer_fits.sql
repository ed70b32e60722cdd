-- Whether the requote fits beside all other promises. What is promised for the same
-- order is no other promise, open or closed: it is paid once.
SELECT coalesce(sum(units), 0) + @payout::numeric + @network_fee::numeric <= @available::numeric
FROM promise
WHERE payout_asset = @payout_asset
  AND coalesce(closed_at, 'infinity') >= @balance_at::timestamptz
  AND (lapses_at IS NULL OR lapses_at > @now::timestamptz)
  AND order_id IS DISTINCT FROM @order_id
