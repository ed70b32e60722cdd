-- +goose Up
-- An entry is whole when its transaction ends: no posting is added to it later, not even
-- two that balance. xid is the transaction that wrote the entry.
ALTER TABLE entry ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();

-- +goose StatementBegin
CREATE FUNCTION ledger_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE old text;
BEGIN
    SELECT e.key INTO old FROM inserted i JOIN entry e ON e.key = i.entry_key
        WHERE e.xid <> pg_current_xact_id() LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is append-only: a posting to it was refused', old USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER posting_whole AFTER INSERT ON posting
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger_whole();
