-- +goose Up
-- One row per Idempotency-Key of POST /v1/swaps. It is claimed, with the new
-- swap's id, before any other process is asked for anything, so that a retry
-- continues that very swap; it is kept as long as the swap. The swap's secret is
-- not here: it is derived again for whoever holds the key.
CREATE TABLE idempotency (
    -- SHA-256 of the client and the key.
    key_hash     bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
    -- SHA-256 of the request's canonical fields: the same key with another
    -- request is refused.
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    swap_id      text NOT NULL UNIQUE,
    claimed_at   timestamptz NOT NULL,
    -- The answer without the secret; NULL while unfinished. Written once, in the
    -- transaction that stores the swap.
    response     jsonb,
    done_at      timestamptz,
    CHECK ((response IS NULL) = (done_at IS NULL)),
    CHECK (response IS NULL OR NOT response ? 'secret')
);

-- The terms of a swap: the signed texts are the truth, the other columns are
-- copies for searching and for the two guarantees. Never changed, never deleted.
CREATE TABLE swap (
    id              text PRIMARY KEY,
    signed_quote    text NOT NULL CHECK (octet_length(signed_quote) BETWEEN 1 AND 8192),
    signed_receipt  text NOT NULL CHECK (octet_length(signed_receipt) BETWEEN 1 AND 8192),
    -- A quote makes one swap; an address belongs to one swap.
    quote_id        text NOT NULL UNIQUE,
    deposit_chain   text NOT NULL,
    deposit_address text NOT NULL,
    -- SHA-256 of the swap's secret, in hexadecimal, as in the receipt.
    secret_hash     text NOT NULL CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    created_at      timestamptz NOT NULL,
    UNIQUE (deposit_chain, deposit_address)
);

-- +goose StatementBegin
CREATE FUNCTION gateway_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER swap_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON swap
    FOR EACH STATEMENT EXECUTE FUNCTION gateway_immutable();

-- The newest update of each swap, as the state machine told it: a projection that
-- can be rebuilt from the updates topic. It may know a swap that the table above
-- does not (a topic outlives a restored database), hence no reference.
CREATE TABLE swap_view (
    swap_id text PRIMARY KEY,
    -- Only ever grows; 0 is the gateway's own first row.
    version bigint NOT NULL CHECK (version >= 0),
    state   text NOT NULL CHECK (state IN ('awaiting_deposit', 'deposit_detected', 'deposit_confirmed',
                'payout_queued', 'payout_broadcast', 'settled', 'expired',
                'refund_queued', 'refund_broadcast', 'refunded', 'held')),
    -- The whole of it, as package swap writes an Update.
    body    jsonb NOT NULL
);

-- Every version of a swap that was told: how it came to where it is.
CREATE TABLE swap_update (
    swap_id text NOT NULL,
    version bigint NOT NULL CHECK (version >= 0),
    state   text NOT NULL,
    -- The fact that led here; '' for the first.
    cause   text NOT NULL,
    message text NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (swap_id, version)
);
CREATE TRIGGER swap_update_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON swap_update
    FOR EACH STATEMENT EXECUTE FUNCTION gateway_immutable();
