-- +goose Up
-- A batch is one transaction to be, which pays one payment or several of one chain. It is
-- what is planned, signed, handed in and replaced; its payments follow it. It never
-- changes whom it pays.
CREATE TABLE batch (
    -- The order's id where it pays one payment; a later batch of the same has '#<n>' after it.
    batch_id   text PRIMARY KEY CHECK (batch_id <> ''),
    chain      text NOT NULL,
    purpose    text NOT NULL,
    -- Its payments are in the same state, as long as it is theirs.
    state      text NOT NULL CHECK (state IN ('queued', 'signed', 'broadcast', 'confirmed', 'final', 'failed', 'dead', 'dropped')),
    -- Guards every change.
    version    bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    -- The payments' orders, as the transaction's outputs are ordered.
    orders     text[] NOT NULL CHECK (cardinality(orders) > 0),
    planned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX batch_orders ON batch USING gin (orders);
CREATE INDEX batch_open ON batch (chain, state) WHERE state NOT IN ('final', 'failed', 'dead', 'dropped');

-- The batch that pays it; NULL until it is planned, and again once that batch is dead or
-- dropped.
ALTER TABLE payment ADD COLUMN batch_id text REFERENCES batch (batch_id);
CREATE INDEX payment_batch ON payment (batch_id);

INSERT INTO batch (batch_id, chain, purpose, state, version, orders, planned_at)
SELECT p.order_id, p.chain, p.purpose, p.state, p.version, ARRAY[p.order_id], min(a.planned_at)
FROM payment p JOIN attempt a USING (order_id) GROUP BY p.order_id;
UPDATE payment p SET batch_id = order_id WHERE EXISTS (SELECT 1 FROM batch b WHERE b.batch_id = p.order_id);

ALTER TABLE attempt DROP CONSTRAINT attempt_order_id_fkey;
ALTER TABLE attempt RENAME COLUMN order_id TO batch_id;
ALTER TABLE attempt ADD FOREIGN KEY (batch_id) REFERENCES batch (batch_id);
-- Account chains: the address whose nonce it uses.
ALTER TABLE attempt ADD COLUMN sender text NOT NULL DEFAULT '';
UPDATE attempt a SET sender = s.address FROM sender s WHERE s.chain = a.chain AND a.nonce IS NOT NULL;
-- mined: a block of the best chain has it; replaced: another attempt of the batch is
-- final; dead: what it spends is spent by something else; dropped: never signed.
ALTER TABLE attempt DROP CONSTRAINT attempt_state_check;
ALTER TABLE attempt ADD CONSTRAINT attempt_state_check
    CHECK (state IN ('planned', 'signed', 'broadcast', 'mined', 'replaced', 'dead', 'dropped'));
ALTER TABLE attempt DROP CONSTRAINT attempt_check;
ALTER TABLE attempt ADD CONSTRAINT attempt_raw CHECK (CASE state WHEN 'planned' THEN raw IS NULL
    WHEN 'dropped' THEN raw IS NULL ELSE raw IS NOT NULL END);
UPDATE attempt a SET state = 'mined' FROM payment p
WHERE p.batch_id = a.batch_id AND p.txid = a.txid AND p.state IN ('confirmed', 'final', 'failed');
