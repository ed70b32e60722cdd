-- +goose Up
-- The coins of a batch, spent or not: one that it lost keeps it from being mined.
CREATE INDEX coin_batch ON coin (chain, reserved_by) WHERE reserved_by IS NOT NULL;
