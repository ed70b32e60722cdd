-- +goose Up
-- What was added to a swap's terms after its receipt (signed amendments), and what is
-- not settled yet: mismatches and requests of staff. As package swap writes it.
ALTER TABLE swap ADD COLUMN amended jsonb NOT NULL DEFAULT '{}';
