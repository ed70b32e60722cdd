-- +goose Up
-- One role per service that reaches the database, and one for people. A role
-- sees its own schema only; support may read everything and write nothing.
-- Roles belong to the whole cluster, so they may exist already.
-- +goose StatementBegin
DO $$
DECLARE r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['ferry_gateway', 'ferry_liquidity', 'ferry_swap', 'ferry_hotwallet', 'ferry_support'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', r);
        END IF;
    END LOOP;
END $$;

DO $$
DECLARE s text;
BEGIN
    FOREACH s IN ARRAY ARRAY['gateway', 'liquidity', 'swap', 'hotwallet'] LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', s);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, ferry_support', s, 'ferry_' || s);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', s, 'ferry_' || s);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO ferry_support', s);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', s, 'ferry_' || s);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO ferry_support', s);
        -- What is append-only by trigger is so by privilege too.
        IF s IN ('swap', 'hotwallet') THEN
            EXECUTE format('REVOKE UPDATE, DELETE ON %I.entry, %I.posting FROM %I', s, s, 'ferry_' || s);
        END IF;
        -- Nobody rewrites what is waiting to be told; rows already told may be dropped.
        EXECUTE format('REVOKE UPDATE ON %I.outbox FROM %I', s, 'ferry_' || s);
    END LOOP;
    REVOKE UPDATE, DELETE ON swap.swap_event FROM ferry_swap;
END $$;
-- +goose StatementEnd
