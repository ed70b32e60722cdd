-- Who books for a client waits here for whoever else does, then for whoever books either
-- direction of one pair (a market), then for whoever books or accepts against the payout
-- asset: always in this order, and each kind in the order of its keys, so nobody deadlocks.
-- Locks of the transaction, of this schema.
SELECT count(pg_advisory_xact_lock(key))
FROM (SELECT kind, key
      FROM (SELECT 0 AS kind, hashtextextended(current_schema() || '/lock/client/' || client, 0) AS key
            FROM unnest(@clients::text[]) AS asked (client)
            UNION
            SELECT 1, hashtextextended(current_schema() || '/lock/pair/' || market, 0)
            FROM unnest(@markets::text[]) AS asked (market)
            UNION ALL
            SELECT 2, hashtextextended(current_schema() || '/lock/asset/' || @payout_asset::text, 0)) AS keys
      ORDER BY kind, key) AS keys
