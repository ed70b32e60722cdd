-- The open locks of clients, and what these take of an asset; where there is a bound on that
-- (exposure), with what the client's accepted locks take whose deposit is not confirmed, and
-- the rates that were set when one was seen. Whether a lock is accepted is written so that
-- only the index by client fits.
SELECT client, sum(open)::bigint, sum(units)::text
FROM (SELECT client, count(*) FILTER (WHERE coalesce(swap_id, '') = '') AS open,
             coalesce(sum(payout_units + network_fee_units) FILTER (WHERE payout_asset = @payout_asset AND NOT variable), 0) AS units
      FROM lock
      WHERE client = ANY (@clients::text[]) AND closed_at IS NULL
        AND (coalesce(swap_id, '') = '' AND accept_by > @now::timestamptz OR @exposure::boolean AND coalesce(swap_id, '') <> '' AND stage < 2)
      GROUP BY client
      UNION ALL
      SELECT client, 0, sum(payout_units + network_fee_units)
      FROM requote
      WHERE @exposure::boolean AND client = ANY (@clients::text[]) AND closed_at IS NULL AND stage < 2 AND payout_asset = @payout_asset
      GROUP BY client) AS held
GROUP BY client
