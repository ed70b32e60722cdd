-- +goose Up
-- A coin that a payment is to spend stays known when a reorganisation takes its
-- block away: the payment is signed with it. Its height is NULL until a block has
-- it again.
ALTER TABLE coin ALTER COLUMN height DROP NOT NULL;
ALTER TABLE coin ADD CONSTRAINT coin_in_a_block CHECK (height IS NOT NULL OR reserved_by IS NOT NULL AND spent_txid IS NULL);
