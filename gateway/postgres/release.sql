-- Only an unfinished claim of this very swap.
DELETE FROM idempotency WHERE key_hash = $1 AND swap_id = $2 AND response IS NULL
