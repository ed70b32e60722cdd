-- +goose Up
-- How often something was promised of an asset, by whoever did: counted under the lock that
-- bookings of the asset wait for. Who finds it as it was left knows that nothing was added.
CREATE TABLE booking_turn (
    payout_asset text PRIMARY KEY CHECK (payout_asset <> ''),
    turn         bigint NOT NULL CHECK (turn > 0)
);
