-- +goose Up
-- Which transaction has used a nonce of ours up, and in which block: of deposit addresses all,
-- of the address that pays those that are none of ours. A payment that was signed with a nonce
-- which somebody else has used can never be mined. The block's hash is kept here because blocks
-- are forgotten while people look into it. '' in rows of before.
ALTER TABLE deposit_sent ADD COLUMN txid text NOT NULL DEFAULT '';
ALTER TABLE deposit_sent ADD COLUMN block_hash text NOT NULL DEFAULT '';
