-- +goose Up
-- Support is asked by refund address as often as by payout address.
CREATE INDEX swap_refund_address ON swap (refund_address);
