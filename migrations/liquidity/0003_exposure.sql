-- +goose Up
-- How sure it is that a lock will be paid for: 0 nothing was seen of a deposit, 1 one was
-- seen, 2 it is confirmed. told is the version of the update that says so: older ones come
-- again and change nothing.
ALTER TABLE lock
    ADD COLUMN stage smallint NOT NULL DEFAULT 0 CHECK (stage BETWEEN 0 AND 2),
    ADD COLUMN told bigint NOT NULL DEFAULT 0 CHECK (told >= 0),
    -- Until when its deposit may be seen: so long the price is at risk. Locks from before
    -- have none.
    ADD COLUMN deposit_by timestamptz CHECK (deposit_by >= accept_by);
-- What a pair has at risk: promises whose deposit is not confirmed.
CREATE INDEX lock_at_risk ON lock (pair) WHERE closed_at IS NULL AND stage < 2;

-- As before, with whether the promise's deposit is confirmed. What is priced anew is.
CREATE OR REPLACE VIEW promise AS
SELECT payout_asset, payout_units + network_fee_units AS units, closed_at,
       CASE WHEN swap_id IS NULL THEN accept_by END AS lapses_at, 'payout:' || swap_id AS order_id, stage = 2 AS confirmed
FROM lock
UNION ALL
SELECT payout_asset, payout_units + network_fee_units, closed_at, NULL, order_id, true
FROM requote WHERE refused IS NULL;
