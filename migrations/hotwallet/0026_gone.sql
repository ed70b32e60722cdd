-- +goose Up
-- Where a coin was that a payment is to spend and that a reorganisation has taken away:
-- from there on, less the depth of a reorganisation, blocks are looked through for who has
-- spent what it was made from. NULL while a block has it.
ALTER TABLE coin ADD COLUMN gone_from bigint CHECK (gone_from IS NULL OR height IS NULL);
