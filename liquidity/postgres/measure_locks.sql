-- Per payout asset: open locks, which can still be accepted, and promises: locks that
-- were accepted and whose swap is not over, and requotes that are neither paid nor moot.
-- The end is asked for as the indexes have it.
SELECT payout_asset, count(lapses_at), count(*) FILTER (WHERE lapses_at IS NULL)
FROM promise
WHERE payout_asset = ANY (@payout_assets::text[]) AND coalesce(closed_at, 'infinity') = 'infinity' AND (lapses_at IS NULL OR lapses_at > @now)
GROUP BY payout_asset
