-- Whoever books or accepts against one payout asset, alone.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/lock/asset/' || @payout_asset::text, 0))
