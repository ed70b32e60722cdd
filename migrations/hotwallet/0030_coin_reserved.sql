-- +goose Up
-- What batches are to spend and no block has spent: looked through with every block for what
-- only attempts were to spend that lost to another of their batch.
CREATE INDEX coin_reserved ON coin (chain, reserved_by) WHERE reserved_by IS NOT NULL AND spent_txid IS NULL;
-- A batch that is final may have a row in death too, where attempts of it were lost that were
-- to spend more than the one that was mined: its own transaction is the spender then, and none
-- of the lost ones can be mined any more.
COMMENT ON TABLE death IS 'what has spent the anchor of a batch for good: somebody else''s transaction, one of its own that failed, or one of its own that left others lost';
