-- +goose Up
-- How often it was ordered again, and what that was when it failed last: where it is more
-- by now, the payment is to be made anew once its failure is proved.
ALTER TABLE payment ADD COLUMN retry int NOT NULL DEFAULT 0 CHECK (retry >= 0);
ALTER TABLE payment ADD COLUMN failed_retry int NOT NULL DEFAULT 0 CHECK (failed_retry BETWEEN 0 AND retry);
CREATE INDEX payment_again ON payment (chain) WHERE state = 'failed' AND retry > failed_retry;

-- What ended a batch, so that its payments are in no batch any more: the transaction that
-- has spent its anchor, where attestd found it. The signer asks for attestd's word on it
-- again before it signs another.
CREATE TABLE death (
    batch_id   text PRIMARY KEY REFERENCES batch (batch_id),
    chain      text NOT NULL,
    -- A coin "<chain>:<txid>:<index>" or a nonce "<chain>:<sender>:<nonce>", and what the
    -- spender has spent: the same, or a coin without which that one can't come to be.
    anchor     text NOT NULL,
    spent      text NOT NULL,
    -- The transactions between the two, in wire form.
    lineage    bytea[] NOT NULL DEFAULT '{}',
    spender    text NOT NULL,
    height     bigint NOT NULL CHECK (height >= 0),
    block_hash text NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT now()
);
