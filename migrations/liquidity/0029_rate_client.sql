-- +goose Up
-- Whose swap a rate is for that was set when its deposit was seen: it counts in that
-- client's share as an accepted lock does. NULL where the deposit was confirmed when it was
-- priced.
ALTER TABLE requote ADD COLUMN client text;
UPDATE requote SET client = lock.client FROM lock
WHERE lock.swap_id = requote.swap_id AND requote.stage < 2 AND requote.closed_at IS NULL;
-- Asked for before each booking, as lock_client.
CREATE INDEX requote_client ON requote (client) WHERE closed_at IS NULL AND stage < 2;
