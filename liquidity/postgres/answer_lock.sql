-- Who answers requests waits here for whoever ends promises (close_lock.sql), then for
-- whoever books or accepts against one of the payout assets, as in book_lock.sql.
-- Always in the same order, so nobody deadlocks.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/lock/ends', 0)),
       (SELECT count(pg_advisory_xact_lock(key))
        FROM (SELECT DISTINCT hashtextextended(current_schema() || '/lock/asset/' || payout_asset, 0) AS key
              FROM unnest(@payout_assets::text[]) AS asked (payout_asset) ORDER BY key) AS keys)
