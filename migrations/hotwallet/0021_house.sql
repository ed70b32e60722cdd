-- +goose Up
-- Payments of the house's own: a sweep from a deposit address to the sender (or of small
-- coins to a change address), a top-up of a deposit address with gas for such, and the
-- filling of a nonce that nothing else uses. They belong to no swap, use up no deposit,
-- and their order id says what they do.
ALTER TABLE payment DROP CONSTRAINT payment_purpose_check;
ALTER TABLE payment ADD CONSTRAINT payment_purpose_check
    CHECK (purpose IN ('payout', 'refund', 'sweep', 'gas_topup', 'gap_fill'));
ALTER TABLE payment DROP CONSTRAINT payment_units_check;
ALTER TABLE payment ADD CONSTRAINT payment_units_check CHECK (units > 0 OR units = 0 AND purpose = 'gap_fill');
-- The deposit address a sweep comes from (account chains), and the nonce it has there, or
-- that a gap-fill fills.
ALTER TABLE payment ADD COLUMN from_address text NOT NULL DEFAULT '';
ALTER TABLE payment ADD COLUMN nonce bigint CHECK (nonce >= 0);
-- What it may cost, where that is fixed with the payment; NULL: the limits of any payment.
ALTER TABLE payment ADD COLUMN fee_max numeric(78, 0) CHECK (fee_max > 0);
ALTER TABLE payment ADD CONSTRAINT payment_house CHECK (
    CASE WHEN purpose IN ('sweep', 'gas_topup', 'gap_fill') THEN swap_id = '' AND fee_max IS NOT NULL
         ELSE from_address = '' AND nonce IS NULL END);
-- One at a time for an address, whoever decides: a second top-up would be a gift, and a
-- second sweep would have nothing to take.
CREATE UNIQUE INDEX payment_one_sweep ON payment (chain, from_address)
    WHERE purpose = 'sweep' AND from_address <> '' AND state NOT IN ('final', 'failed', 'dead');
CREATE UNIQUE INDEX payment_one_topup ON payment (chain, destination)
    WHERE purpose = 'gas_topup' AND state NOT IN ('final', 'failed', 'dead');
CREATE INDEX payment_house_recent ON payment (chain, queued_at) WHERE swap_id = '';
-- What to sweep first.
CREATE INDEX holding_largest ON holding (chain, asset, units DESC) WHERE units > 0;

-- Transactions that deposit addresses have sent, as the chain's blocks have them: the
-- address's next nonce is one more than its highest.
CREATE TABLE deposit_sent (
    chain   text NOT NULL,
    address text NOT NULL,
    nonce   bigint NOT NULL CHECK (nonce >= 0),
    height  bigint NOT NULL,
    PRIMARY KEY (chain, address, nonce)
);
CREATE INDEX deposit_sent_height ON deposit_sent (chain, height);
