-- +goose Up
-- Each chain's dust threshold as it moves with fees, in base units of its native asset.
-- A row comes with the first look at the node's fees; before it the configured floor
-- holds.
CREATE TABLE dust (
    chain     text PRIMARY KEY,
    -- What spending a deposit costs, smoothed over the looks at it.
    cost      numeric(78, 0) NOT NULL CHECK (cost >= 0),
    -- What deposits' facts and balances say.
    threshold numeric(78, 0) NOT NULL CHECK (threshold >= 0),
    -- When the level last changed.
    at        timestamptz NOT NULL
);
