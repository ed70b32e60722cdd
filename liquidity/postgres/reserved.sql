SELECT coalesce(sum(payout_units + network_fee_units), 0)::text FROM lock
WHERE payout_asset = @payout_asset
  AND coalesce(closed_at, 'infinity') >= @balance_at::timestamptz
  AND (swap_id IS NOT NULL OR accept_by > @now::timestamptz)
