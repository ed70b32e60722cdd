-- What open promises take of each asset whose deposits are not confirmed.
SELECT payout_asset, sum(units)::text FROM promise
WHERE closed_at IS NULL AND NOT confirmed AND (lapses_at IS NULL OR lapses_at > @now::timestamptz)
GROUP BY payout_asset
