-- +goose Up
-- The last block of our book when the attempt was planned: only a later one can have passed it over.
ALTER TABLE attempt ADD COLUMN height bigint NOT NULL DEFAULT 0;
