-- The open locks of clients, and what these take of an asset.
SELECT client, count(*), coalesce(sum(payout_units + network_fee_units) FILTER (WHERE payout_asset = @payout_asset), 0)::text
FROM lock
WHERE client = ANY (@clients::text[]) AND swap_id IS NULL AND closed_at IS NULL AND accept_by > @now::timestamptz
GROUP BY client
