-- LOCK_CHAIN
-- Serialises the chain's writers for the transaction. Advisory locks belong to
-- the whole database, so the schema is part of the key.
SELECT pg_advisory_xact_lock(hashtextextended('ferry/write/' || current_schema() || '/' || $1::text, 0))

-- CHECK_TOKEN
SELECT EXISTS (SELECT 1 FROM lease WHERE chain = $1 AND token = $2)

-- LOCK_LEASE
-- Held by the session: one active process per chain.
SELECT pg_advisory_lock(hashtextextended('ferry/lease/' || current_schema() || '/' || $1::text, 0))

-- TAKE_LEASE
INSERT INTO lease (chain, token, holder) VALUES ($1, 1, $2)
ON CONFLICT (chain) DO UPDATE SET token = lease.token + 1, holder = $2, acquired_at = now()
RETURNING token
