-- Per payout asset: open locks, which can still be accepted, and promised ones,
-- which were accepted and whose swap is not over.
SELECT payout_asset, count(*) FILTER (WHERE swap_id IS NULL), count(*) FILTER (WHERE swap_id IS NOT NULL)
FROM lock WHERE closed_at IS NULL AND (swap_id IS NOT NULL OR accept_by > @now)
GROUP BY payout_asset
