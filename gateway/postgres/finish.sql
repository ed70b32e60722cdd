-- Answers the claim, once. A claim that was released meanwhile (another request
-- under the key was refused where this one was not) is made again; one that is
-- finished, or belongs to another swap, is left alone: no row changes.
INSERT INTO idempotency (key_hash, request_hash, swap_id, claimed_at, response, done_at)
VALUES ($1, $2, $3, $4, $5, $4)
ON CONFLICT (key_hash) DO UPDATE SET response = excluded.response, done_at = excluded.done_at
WHERE idempotency.swap_id = excluded.swap_id AND idempotency.response IS NULL
