-- The open locks of clients, and what these take of an asset; where there is a bound on that
-- (exposure), with what the client's accepted locks take whose deposit is not confirmed.
-- Whether one is accepted is written so that only the index by client fits.
SELECT client, count(*) FILTER (WHERE coalesce(swap_id, '') = ''),
       coalesce(sum(payout_units + network_fee_units) FILTER (WHERE payout_asset = @payout_asset AND NOT variable), 0)::text
FROM lock
WHERE client = ANY (@clients::text[]) AND closed_at IS NULL
  AND (coalesce(swap_id, '') = '' AND accept_by > @now::timestamptz OR @exposure::boolean AND coalesce(swap_id, '') <> '' AND stage < 2)
GROUP BY client
