-- +goose Up
-- Why a batch got this attempt after an earlier one, for people; '' of the first.
ALTER TABLE attempt ADD COLUMN reason text NOT NULL DEFAULT '';
-- An address gives a nonce to one batch only, and to another if that one was never signed.
CREATE UNIQUE INDEX attempt_nonce_once ON attempt (chain, sender, nonce) WHERE n = 1 AND state <> 'dropped' AND sender <> '';
