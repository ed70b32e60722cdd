-- +goose Up
-- Every price that was ever promised, stored before its quote was shown. Amounts
-- are copies out of the signed quote, for the sums; the quote is the truth.
CREATE TABLE lock (
    quote_id  text PRIMARY KEY CHECK (quote_id <> ''),
    pair      text NOT NULL CHECK (pair <> ''),
    -- The asset paid out: what the promise reserves is payout and network fee.
    payout_asset         text NOT NULL CHECK (payout_asset <> ''),
    deposit_units        numeric(78, 0) NOT NULL CHECK (deposit_units > 0),
    payout_units         numeric(78, 0) NOT NULL CHECK (payout_units > 0),
    service_fee_units    numeric(78, 0) NOT NULL CHECK (service_fee_units >= 0),
    network_fee_units    numeric(78, 0) NOT NULL CHECK (network_fee_units >= 0),
    refund_fee_max_units numeric(78, 0) NOT NULL CHECK (refund_fee_max_units >= 0),
    -- Who asked: an opaque text, for the cap on open locks.
    client    text NOT NULL CHECK (octet_length(client) BETWEEN 1 AND 100),
    issued_at timestamptz NOT NULL,
    -- From here on the quote can't be accepted any more.
    accept_by timestamptz NOT NULL CHECK (accept_by > issued_at),
    -- The one swap made from the quote. UNIQUE: a swap has one quote.
    swap_id     text UNIQUE,
    accepted_at timestamptz CHECK (accepted_at < accept_by),
    -- When the promise ended: its swap was over, or nobody had accepted it.
    closed_at    timestamptz,
    signed_quote text NOT NULL CHECK (octet_length(signed_quote) BETWEEN 1 AND 8192),
    CHECK ((swap_id IS NULL) = (accepted_at IS NULL))
);
-- What is promised of an asset. A closed promise counts until a balance younger
-- than its end has come, hence the time in the index.
CREATE INDEX lock_promised ON lock (payout_asset, (coalesce(closed_at, 'infinity')));
CREATE INDEX lock_open ON lock (client, accept_by) WHERE swap_id IS NULL AND closed_at IS NULL;
CREATE INDEX lock_lapsed ON lock (accept_by) WHERE swap_id IS NULL AND closed_at IS NULL;
