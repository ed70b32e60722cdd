-- +goose Up
-- The deposits that a payment uses up: one, or several that add up to one swap.
-- Each is used up once, whatever is ordered; the primary key says so.
CREATE TABLE payment_deposit (
    deposit_id text PRIMARY KEY,
    order_id   text NOT NULL REFERENCES payment (order_id),
    asset      text NOT NULL,
    units      numeric(78, 0) NOT NULL CHECK (units > 0)
);
CREATE INDEX payment_deposit_order ON payment_deposit (order_id);

-- Orders taken before had one deposit each; their bodies get the form of today.
INSERT INTO payment_deposit (deposit_id, order_id, asset, units)
SELECT deposit_id, order_id, body #>> '{deposit_amount,asset}', (body #>> '{deposit_amount,units}')::numeric FROM payment;
UPDATE payment SET body = body - 'deposit_id' - 'deposit_amount' || jsonb_build_object('deposits',
    jsonb_build_array(jsonb_build_object('deposit_id', body -> 'deposit_id', 'amount', body -> 'deposit_amount')));
ALTER TABLE payment DROP COLUMN deposit_id;
