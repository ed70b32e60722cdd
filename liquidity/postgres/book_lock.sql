-- Who books for a client waits here for whoever else does, then for whoever books either
-- direction of one pair, then for whoever books or accepts against the payout asset:
-- always in this order, and each kind in the order of its keys, so nobody deadlocks.
-- Locks of the transaction, of this schema.
SELECT (SELECT count(pg_advisory_xact_lock(key))
        FROM (SELECT DISTINCT hashtextextended(current_schema() || '/lock/client/' || client, 0) AS key
              FROM unnest(@clients::text[]) AS asked (client) ORDER BY key) AS clients)
