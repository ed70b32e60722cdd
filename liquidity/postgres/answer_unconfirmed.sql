-- What other open promises take of an asset whose deposits are not confirmed.
SELECT coalesce(sum(units), 0)::text FROM promise
WHERE payout_asset = @payout_asset AND closed_at IS NULL AND NOT confirmed
  AND (lapses_at IS NULL OR lapses_at > @now::timestamptz)
  AND order_id IS DISTINCT FROM @order_id
