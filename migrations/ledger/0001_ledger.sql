-- +goose Up
-- One book of double entries (package swap/ledger). Entries and postings are
-- never changed or deleted: a mistake or a reorg is another entry.
CREATE TABLE entry (
    -- Makes storing the same cause twice impossible.
    key        text PRIMARY KEY CHECK (key <> ''),
    kind       text NOT NULL CHECK (kind <> ''),
    swap_id    text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX entry_swap ON entry (swap_id) WHERE swap_id <> '';

CREATE TABLE posting (
    entry_key text NOT NULL REFERENCES entry (key),
    n         integer NOT NULL CHECK (n >= 0),
    account   text NOT NULL CHECK (account <> ''),
    asset     text NOT NULL,
    -- Base units; debits are positive, credits negative.
    units     numeric(78, 0) NOT NULL CHECK (units <> 0),
    PRIMARY KEY (entry_key, n)
);
CREATE INDEX posting_account ON posting (account, asset) INCLUDE (units);

-- +goose StatementBegin
CREATE FUNCTION ledger_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER posting_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

-- Every entry sums to zero for each asset when its transaction commits.
-- +goose StatementBegin
CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM posting WHERE entry_key = NEW.entry_key
               GROUP BY asset HAVING sum(units) <> 0) THEN
        RAISE EXCEPTION 'entry % does not balance', NEW.entry_key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER posting_balanced AFTER INSERT ON posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();

-- The running balance of each account of one swap. House accounts have none:
-- they are sums over postings, never one hot row. Credits count up here, and the
-- CHECK is what makes paying out more than came in impossible.
CREATE TABLE swap_balance (
    account text NOT NULL,
    asset   text NOT NULL,
    owed    numeric(78, 0) NOT NULL CHECK (owed >= 0),
    PRIMARY KEY (account, asset)
);
-- +goose StatementBegin
CREATE FUNCTION ledger_swap_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Sums per statement, in key order so that two statements never deadlock.
    -- An existing row takes the UPDATE arm alone: the proposed row of an upsert
    -- would be checked by itself and a debit could never pass.
    INSERT INTO swap_balance (account, asset, owed)
        SELECT DISTINCT account, asset, 0::numeric FROM inserted
        WHERE account LIKE 'swap:%' ORDER BY account, asset
        ON CONFLICT DO NOTHING;
    UPDATE swap_balance b SET owed = b.owed - d.units
        FROM (SELECT account, asset, sum(units) AS units FROM inserted
              WHERE account LIKE 'swap:%' GROUP BY account, asset) d
        WHERE b.account = d.account AND b.asset = d.asset;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER posting_swap_balance AFTER INSERT ON posting
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger_swap_balance();
