-- Acceptances run beside one another, but not beside a booking: a lock that has
-- lapsed for a booking must not be accepted after it.
SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/lock/asset/' || @payout_asset::text, 0))
