-- Who ends promises waits here for whoever replaces some: both change many rows, each
-- in an order of its own. Those who end them run beside one another; they have
-- different swaps.
SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/lock/ends', 0))
