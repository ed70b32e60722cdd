-- +goose Up
-- The state machine's row. Terms (the signed texts) never change; the rest
-- changes only together with version, and every write names the version it read.
CREATE TABLE swap (
    id             text PRIMARY KEY,
    state          text NOT NULL CHECK (state IN ('awaiting_deposit', 'deposit_detected', 'deposit_confirmed',
                       'payout_queued', 'payout_broadcast', 'settled', 'expired',
                       'refund_queued', 'refund_broadcast', 'refunded', 'held')),
    version        bigint NOT NULL CHECK (version > 0),
    signed_quote   text NOT NULL,
    signed_receipt text NOT NULL,
    -- Copies out of the signed terms, for searching only.
    quote_id        text NOT NULL UNIQUE,
    pair            text NOT NULL,
    deposit_units   numeric(78, 0) NOT NULL CHECK (deposit_units > 0),
    payout_units    numeric(78, 0) NOT NULL CHECK (payout_units > 0),
    deposit_address text NOT NULL UNIQUE,
    payout_address  text NOT NULL,
    refund_address  text NOT NULL,
    -- Why the swap is held or refunded; '' otherwise.
    reason          text NOT NULL DEFAULT '',
    -- The last sequence applied or parked, per source (JSON object).
    seen            jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX swap_payout_address ON swap (payout_address);
CREATE INDEX swap_by_deposit_units ON swap (deposit_units);
CREATE INDEX swap_by_payout_units ON swap (payout_units);

-- A deposit as the state machine knows it; written with its swap's version.
CREATE TABLE deposit (
    swap_id    text NOT NULL REFERENCES swap (id),
    deposit_id text NOT NULL,
    txid       text NOT NULL,
    units      numeric(78, 0) NOT NULL CHECK (units > 0),
    state      text NOT NULL,
    verdict    text NOT NULL DEFAULT '',
    -- Its place among the swap's deposits.
    position   integer NOT NULL,
    -- The whole of it, as package swap writes it.
    body       jsonb NOT NULL,
    PRIMARY KEY (swap_id, deposit_id)
);
CREATE INDEX deposit_txid ON deposit (txid);
CREATE INDEX deposit_by_units ON deposit (units);

-- A payment as the state machine knows it. One row per order, whatever happens.
CREATE TABLE payment (
    order_id text PRIMARY KEY,
    swap_id  text NOT NULL REFERENCES swap (id),
    purpose  text NOT NULL,
    units    numeric(78, 0) NOT NULL CHECK (units > 0),
    state    text NOT NULL,
    txid     text NOT NULL DEFAULT '',
    position integer NOT NULL,
    body     jsonb NOT NULL
);
CREATE INDEX payment_swap ON payment (swap_id);
CREATE INDEX payment_txid ON payment (txid) WHERE txid <> '';
CREATE INDEX payment_by_units ON payment (units);

-- Everything that happened to a swap, in order: support's timeline and the
-- source every read model can be rebuilt from. Append-only.
CREATE TABLE swap_event (
    swap_id    text NOT NULL,
    version    bigint NOT NULL,
    source     text NOT NULL,
    seq        bigint NOT NULL,
    kind       text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    -- What was decided, in words, and the fact it was decided on.
    note       text NOT NULL DEFAULT '',
    fact       jsonb NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (swap_id, version),
    UNIQUE (swap_id, source, seq)
);
CREATE TRIGGER swap_event_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON swap_event
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

-- Facts that can't be applied yet, with the reason. They are offered again after
-- each applied fact of their swap; an old one is an alarm.
CREATE TABLE parked_fact (
    swap_id   text NOT NULL,
    source    text NOT NULL,
    seq       bigint NOT NULL,
    kind      text NOT NULL,
    fact      jsonb NOT NULL,
    reason    text NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (swap_id, source, seq)
);

-- Deadlines still to come, made with the swap. The sweeper deletes a due row and
-- tells of it in the same transaction; whether it still matters is decided there.
CREATE TABLE deadline (
    swap_id text NOT NULL,
    name    text NOT NULL,
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (swap_id, name)
);
CREATE INDEX deadline_due ON deadline (due_at);

-- Records that were no facts at all, so that nothing read is ever just dropped.
CREATE TABLE malformed_record (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
