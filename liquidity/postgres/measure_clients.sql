-- The open locks of clients, and what these take of an asset. Whether one is accepted is
-- written so that only the index by client fits.
SELECT client, count(*), coalesce(sum(payout_units + network_fee_units) FILTER (WHERE payout_asset = @payout_asset), 0)::text
FROM lock
WHERE client = ANY (@clients::text[]) AND closed_at IS NULL AND coalesce(swap_id, '') = '' AND accept_by > @now::timestamptz
GROUP BY client
