-- +goose Up
-- What looks for sweeps asks by address: whether something is under way there, what came
-- and how deep it is; and by nonce, whether a transaction has it.
CREATE INDEX payment_house_from ON payment (chain, from_address) WHERE swap_id = '' AND from_address <> '';
CREATE INDEX payment_house_to ON payment (chain, destination) WHERE swap_id = '';
CREATE INDEX deposit_at ON deposit (chain, address) WHERE state IN ('in_block', 'confirmed');
CREATE INDEX attempt_nonce ON attempt (chain, sender, nonce) WHERE nonce IS NOT NULL;
CREATE INDEX attempt_dropped ON attempt (chain) WHERE state = 'dropped';
