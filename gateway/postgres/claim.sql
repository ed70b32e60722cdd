-- One request claims a key; the others find its row.
INSERT INTO idempotency (key_hash, request_hash, swap_id, claimed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (key_hash) DO NOTHING
