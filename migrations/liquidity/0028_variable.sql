-- +goose Up
-- A variable quote promises no price, only that its rate is set when its deposit is seen:
-- its lock ties it to one swap and reserves nothing. Its amounts are an estimate.
ALTER TABLE lock ADD COLUMN variable boolean NOT NULL DEFAULT false;

-- A rate that was set when its deposit was seen: how sure that deposit is, as of a lock, and
-- what is at risk meanwhile. NULL where the deposit was confirmed when it was priced.
ALTER TABLE requote
    ADD COLUMN stage smallint CHECK (stage BETWEEN 0 AND 2),
    ADD COLUMN told bigint NOT NULL DEFAULT 0 CHECK (told >= 0),
    ADD COLUMN pair text CHECK (pair <> ''),
    ADD COLUMN deposit_units numeric(78, 0) CHECK (deposit_units > 0),
    ADD CHECK (stage IS NULL OR num_nulls(pair, deposit_units) = 0);
CREATE INDEX requote_at_risk ON requote (pair) WHERE closed_at IS NULL AND stage < 2;

-- As before, without what reserves nothing.
CREATE OR REPLACE VIEW promise AS
SELECT payout_asset, payout_units + network_fee_units AS units, closed_at,
       CASE WHEN swap_id IS NULL THEN accept_by END AS lapses_at, 'payout:' || swap_id AS order_id, stage = 2 AS confirmed
FROM lock WHERE NOT variable
UNION ALL
SELECT payout_asset, payout_units + network_fee_units, closed_at, NULL, order_id, coalesce(stage, 2) = 2
FROM requote WHERE refused IS NULL;
