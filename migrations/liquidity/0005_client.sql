-- +goose Up
-- A client's open locks are asked for before each booking, of a table that grows too fast
-- for statistics to know: an index that only this question fits has it answered by client,
-- never by going through all that is open.
DROP INDEX lock_open;
CREATE INDEX lock_client ON lock (client) WHERE closed_at IS NULL;
