-- +goose Up
-- Every configuration that people have set, from version 1 on; version 0 is what the
-- environment and the deployment's file say. For the record, for ever.
CREATE TABLE config_version (
    version  bigint PRIMARY KEY CHECK (version > 0),
    -- All settings that differ from version 0: texts by path.
    settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 131072),
    -- The version that this one equals, if it was a rollback.
    restores bigint CHECK (restores >= 0 AND restores < version),
    actor    text NOT NULL CHECK (actor <> '' AND octet_length(actor) <= 100),
    reason   text NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 500),
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER config_version_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON config_version
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

-- What each daemon runs, in its own words.
CREATE TABLE config_daemon (
    instance text PRIMARY KEY CHECK (instance <> '' AND octet_length(instance) <= 200),
    -- All settings there are for it, with their values in version 0.
    defaults jsonb NOT NULL CHECK (jsonb_typeof(defaults) = 'object'),
    -- version is what it runs, wanted the newest it has seen. They differ while problem
    -- says why that can't be applied; then version may be NULL: it runs none, and stops
    -- all pairs.
    version  bigint CHECK (version >= 0),
    wanted   bigint NOT NULL CHECK (wanted >= 0),
    problem  text NOT NULL DEFAULT '' CHECK (octet_length(problem) <= 4000),
    -- Subscriptions that are still being changed.
    pending  text NOT NULL DEFAULT '' CHECK (octet_length(pending) <= 4000),
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    CHECK (coalesce(version = wanted, false) OR problem <> '')
);

-- The role of people who may do more than look. It belongs to the whole cluster: it may
-- exist, and several databases or tests may make it at once.
-- +goose StatementBegin
DO $$
DECLARE r text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ferry/operator-role', 0));
    FOREACH r IN ARRAY ARRAY['ferry_support', 'ferry_operator'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', r);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- made meanwhile by somebody who does not take this lock
        END;
    END LOOP;
END $$;

-- One function that runs as its owner: it records a version and tells it by the outbox.
-- What the settings mean is for the caller to check before, and for each daemon again.
-- search_path is pinned to the schema it is made in, so that nobody can put a table of his
-- own in front of ours.
DO $$
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION config_set(expected bigint, wanted jsonb, restored bigint, why text, who text) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        DECLARE newest config_version; done config_version;
        BEGIN
            IF btrim(coalesce(why, '')) = '' OR btrim(coalesce(who, '')) = '' OR expected IS NULL OR expected < 0 THEN
                RAISE EXCEPTION 'a configuration names the version it changes, a reason and an actor' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            IF wanted IS NULL OR jsonb_typeof(wanted) <> 'object' OR EXISTS (SELECT 1 FROM jsonb_each(wanted) s WHERE jsonb_typeof(s.value) <> 'string') THEN
                RAISE EXCEPTION 'a configuration is an object of texts' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            IF restored = 0 AND wanted <> '{}' OR restored > 0 AND NOT EXISTS (SELECT 1 FROM config_version v WHERE v.version = restored AND v.settings = wanted) THEN
                RAISE EXCEPTION 'version %% is not what is to be restored', restored USING ERRCODE = 'invalid_parameter_value';
            END IF;
            -- The primary key lets one of those who set at once go first; the others find it here.
            BEGIN
                IF NOT EXISTS (SELECT 1 FROM config_version WHERE version > expected) AND (expected = 0 OR EXISTS (SELECT 1 FROM config_version WHERE version = expected)) THEN
                    INSERT INTO config_version (version, settings, restores, actor, reason)
                        VALUES (expected + 1, wanted, restored, btrim(who), btrim(why)) RETURNING * INTO done;
                END IF;
            EXCEPTION WHEN unique_violation THEN
                NULL; -- somebody was first
            END;
            IF done.version IS NULL THEN
                SELECT * INTO newest FROM config_version ORDER BY version DESC LIMIT 1;
                RAISE EXCEPTION 'the newest version is %%, not %%', coalesce(newest.version, 0), expected
                    USING ERRCODE = 'serialization_failure', DETAIL = coalesce('set by ' || newest.actor || ': ' || newest.reason, '');
            END IF;
            -- As liquidity/config writes it (Version).
            INSERT INTO outbox (topic, key, kind, body) VALUES ('ferry.config', 'liquidity', 'config.version',
                jsonb_strip_nulls(jsonb_build_object('version', done.version, 'restores', done.restores, 'actor', done.actor, 'reason', done.reason,
                    'at', to_char(done.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'settings', done.settings))::text);
            RETURN done.version;
        END $b$ $f$, current_schema());
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION config_set(bigint, jsonb, bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION config_set(bigint, jsonb, bigint, text, text) TO ferry_operator;
