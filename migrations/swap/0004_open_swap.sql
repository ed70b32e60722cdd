-- +goose Up
-- The swaps that are not over. An index on the state would be touched by every
-- update of a swap's row, and with it all the others; these rows are written once
-- when a swap is made and once when it ends (or is opened again), so that what
-- counts open swaps need not read those of all time.
CREATE TABLE open_swap (swap_id text PRIMARY KEY);
INSERT INTO open_swap SELECT id FROM swap WHERE state NOT IN ('settled', 'expired', 'refunded');

-- +goose StatementBegin
CREATE FUNCTION swap_keep_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('settled', 'expired', 'refunded') THEN
        EXECUTE format('DELETE FROM %I.open_swap WHERE swap_id = $1', TG_TABLE_SCHEMA) USING NEW.id;
    ELSE
        EXECUTE format('INSERT INTO %I.open_swap VALUES ($1) ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA) USING NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER swap_opens AFTER INSERT ON swap
    FOR EACH ROW WHEN (NEW.state NOT IN ('settled', 'expired', 'refunded')) EXECUTE FUNCTION swap_keep_open();
CREATE TRIGGER swap_ends_or_opens AFTER UPDATE OF state ON swap
    FOR EACH ROW WHEN ((OLD.state IN ('settled', 'expired', 'refunded')) <> (NEW.state IN ('settled', 'expired', 'refunded')))
    EXECUTE FUNCTION swap_keep_open();
