-- +goose Up
-- What each swap leaves the house with, as of the newest version of it that was told.
CREATE TABLE exposure (
    swap_id text PRIMARY KEY CHECK (swap_id <> ''),
    version bigint NOT NULL CHECK (version > 0),
    stage   text NOT NULL CHECK (stage IN ('none', 'lock', 'detected', 'confirmed')),
    -- What counts before it is confirmed, for the cap; NULL where nothing does.
    unconfirmed_asset text,
    unconfirmed_units numeric(78, 0) CHECK (unconfirmed_units > 0),
    -- Asset to signed base units, as texts; what does not fit under the cap is left out.
    flows jsonb NOT NULL,
    CHECK ((unconfirmed_asset IS NULL) = (unconfirmed_units IS NULL))
);
CREATE INDEX exposure_unconfirmed ON exposure (unconfirmed_asset) INCLUDE (unconfirmed_units) WHERE unconfirmed_asset IS NOT NULL;

-- The running sum of the account "position", and the number of the newest round of orders.
CREATE TABLE hedge_position (
    asset text PRIMARY KEY,
    units numeric(78, 0) NOT NULL DEFAULT 0,
    round bigint NOT NULL DEFAULT 0 CHECK (round >= 0)
);

-- Orders at venues, stored before they are sent. open: may have been filled.
CREATE TABLE hedge_order (
    -- What the venue knows it by; never used twice.
    client_id text PRIMARY KEY CHECK (client_id ~ '^[0-9a-f]{32}$'),
    venue     text NOT NULL CHECK (venue <> ''),
    -- The asset whose position it brings back.
    asset          text NOT NULL,
    base           text NOT NULL,
    quote          text NOT NULL,
    price_decimals int NOT NULL,
    size_decimals  int NOT NULL,
    side           text NOT NULL CHECK (side IN ('buy', 'sell')),
    -- In ticks; mark is the fair price when it was decided.
    size  numeric(20, 0) NOT NULL CHECK (size > 0),
    price numeric(20, 0) NOT NULL CHECK (price > 0),
    mark  numeric(20, 0) NOT NULL CHECK (mark > 0),
    intended_at timestamptz NOT NULL,
    -- From here on the venue refuses it.
    deadline    timestamptz NOT NULL CHECK (deadline > intended_at),
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'void')),
    -- The venue's own id, of orders that it had.
    venue_order_id text CHECK (venue_order_id <> ''),
    filled     numeric(20, 0) CHECK (filled BETWEEN 0 AND size),
    reason     text,
    settled_at timestamptz,
    CHECK ((state = 'open') = (settled_at IS NULL)),
    CHECK ((state = 'done') = (venue_order_id IS NOT NULL)),
    CHECK (state <> 'void' OR filled = 0)
);
CREATE INDEX hedge_order_open ON hedge_order (asset) WHERE state = 'open';
CREATE INDEX hedge_order_of_venue ON hedge_order (venue, intended_at) WHERE state = 'done';

-- Each trade at a venue is booked once.
CREATE TABLE hedge_fill (
    venue     text NOT NULL,
    fill_id   text NOT NULL CHECK (fill_id <> ''),
    client_id text NOT NULL REFERENCES hedge_order (client_id),
    size      numeric(20, 0) NOT NULL CHECK (size > 0),
    price     numeric(20, 0) NOT NULL CHECK (price > 0),
    -- What was paid or had in base units of the quote; NULL where it is price × size.
    cost_units numeric(78, 0) CHECK (cost_units > 0),
    -- What the venue kept, in base units; NULL for nothing.
    fee_asset text,
    fee_units numeric(78, 0) CHECK (fee_units > 0),
    traded_at timestamptz NOT NULL,
    PRIMARY KEY (venue, fill_id),
    CHECK ((fee_asset IS NULL) = (fee_units IS NULL))
);
CREATE INDEX hedge_fill_of_order ON hedge_fill (client_id);

-- What no hedge has covered yet, of each swap: for sharing out what hedges cost.
CREATE TABLE hedge_lot (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset   text NOT NULL,
    swap_id text NOT NULL,
    units   numeric(78, 0) NOT NULL CHECK (units <> 0),
    UNIQUE (asset, swap_id)
);
