-- +goose Up
-- A wallet's address may change between two tries, so the key no longer belongs to
-- it; and strangers who choose the same key must not meet, so it belongs to the quote.
COMMENT ON COLUMN idempotency.key_hash IS 'SHA-256 of the quote''s identifier and the key.';
