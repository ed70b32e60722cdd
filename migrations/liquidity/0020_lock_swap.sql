-- +goose Up
-- A lock that nobody has accepted has no swap: most never do, and are stored without an
-- entry for it.
ALTER TABLE lock DROP CONSTRAINT lock_swap_id_key;
CREATE UNIQUE INDEX lock_swap ON lock (swap_id) WHERE swap_id IS NOT NULL;
