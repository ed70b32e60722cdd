-- +goose Up
-- Every answer that was ever given to a request for a price: a requote, which is a
-- promise as an accepted lock is one, or a refusal. A request has one answer. Amounts
-- are copies out of the signed requote, for the sums; the requote is the truth.
CREATE TABLE requote (
    request_id text PRIMARY KEY CHECK (octet_length(request_id) BETWEEN 1 AND 300),
    swap_id    text NOT NULL CHECK (swap_id <> ''),
    -- For the swap's main leg, or for one extra deposit.
    main       boolean NOT NULL,
    -- The one order that may pay it: of all promises of an order one is kept.
    order_id   text NOT NULL CHECK (order_id <> ''),
    -- What it is for. The first names the mismatch; asked is its request's number there.
    deposit_ids text[] NOT NULL CHECK (cardinality(deposit_ids) BETWEEN 1 AND 50),
    asked       int NOT NULL CHECK (asked >= 1),
    -- When the swap asked, by its own time, and when the answer was stored.
    asked_at    timestamptz NOT NULL,
    booked_at   timestamptz NOT NULL,
    -- A requote: what the promise reserves is payout and network fee.
    payout_asset      text CHECK (payout_asset <> ''),
    payout_units      numeric(78, 0) CHECK (payout_units > 0),
    network_fee_units numeric(78, 0) CHECK (network_fee_units >= 0),
    signed_requote    text CHECK (octet_length(signed_requote) BETWEEN 1 AND 8192),
    -- When the promise ended: paid, refunded, replaced by another, or not taken.
    closed_at         timestamptz,
    -- A refusal: why, and what would have been paid if that is known.
    refused     text CHECK (refused IN ('beyond_tolerance', 'below_consent', 'price_unavailable')),
    offer_units numeric(78, 0) CHECK (offer_units > 0),
    CHECK (CASE WHEN refused IS NULL
                THEN num_nulls(payout_asset, payout_units, network_fee_units, signed_requote) = 0 AND offer_units IS NULL
                ELSE num_nonnulls(payout_asset, payout_units, network_fee_units, signed_requote, closed_at) = 0 END)
);
-- As lock_promised.
CREATE INDEX requote_promised ON requote (payout_asset, (coalesce(closed_at, 'infinity'))) WHERE refused IS NULL;
-- Whoever books replaces what was promised for the order before.
CREATE UNIQUE INDEX requote_open ON requote (order_id) WHERE refused IS NULL AND closed_at IS NULL;
-- Updates name swaps.
CREATE INDEX requote_of_swap ON requote (swap_id) WHERE refused IS NULL AND closed_at IS NULL;

-- Everything that is promised out of the balances: the one thing to sum over. A lock
-- that nobody accepted is a promise until it lapses.
CREATE VIEW promise AS
SELECT payout_asset, payout_units + network_fee_units AS units, closed_at,
       CASE WHEN swap_id IS NULL THEN accept_by END AS lapses_at, 'payout:' || swap_id AS order_id
FROM lock
UNION ALL
SELECT payout_asset, payout_units + network_fee_units, closed_at, NULL, order_id
FROM requote WHERE refused IS NULL;
