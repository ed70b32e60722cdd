-- Who books for one client waits here for the other, then whoever books or
-- accepts against one payout asset: always in this order, so nobody deadlocks.
-- Locks of the transaction, of this schema.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/lock/client/' || @client::text, 0)),
       pg_advisory_xact_lock(hashtextextended(current_schema() || '/lock/asset/' || @payout_asset::text, 0))
