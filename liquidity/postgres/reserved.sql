SELECT coalesce(sum(units), 0)::text FROM promise
WHERE payout_asset = @payout_asset
  AND coalesce(closed_at, 'infinity') >= @balance_at::timestamptz
  AND (lapses_at IS NULL OR lapses_at > @now::timestamptz)
