-- +goose Up
-- A chain whose rows were lost, or restored from an old backup, is read again from
-- the chain itself. One row for each chain's newest recovery; it stays, because what
-- was told and spent before it stays unknown.
CREATE TABLE recovery (
    chain       text PRIMARY KEY CHECK (chain <> ''),
    -- The highest deposit index known to have been issued, -1 if only attestd knows;
    -- this many more are burnt, for those nobody knows of.
    highest     integer NOT NULL CHECK (highest >= -1),
    gap         integer NOT NULL CHECK (gap BETWEEN 0 AND 500),
    -- The block to begin after where the chain has no cursor; nothing of ours is in it
    -- or below.
    birth       bigint CHECK (birth >= 1),
    -- Up to this block, spends of ours that nobody knows are booked as recovered; NULL
    -- until hotwalletd has asked its node for the tip, which it is then.
    until       bigint CHECK (until >= 0),
    -- Where the cursor stood when hotwalletd began, for the progress.
    began       bigint,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK (finished_at IS NULL OR until IS NOT NULL)
);

-- begin_recovery is how operators order one. No hotwalletd of the chain and no relay
-- may run: it would go on with what is about to change. It raises the two numbers that
-- other processes compare with their own memory above all that was ever given: the
-- lease's token, or attestd and signerd would refuse the recovered wallet as an old
-- one; and the outbox's sequence, or swapd would take its facts for ones it has had.
-- Microseconds of the clock are above both.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION begin_recovery(chain_name text, highest_issued integer, gap_beyond integer, birth_height bigint, until_height bigint, why text, who text)
        RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp SET lock_timeout = '5s' AS $b$
        DECLARE
            fresh bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
            begun boolean;
        BEGIN
            IF coalesce(chain_name, '') = '' OR coalesce(why, '') = '' OR coalesce(who, '') = '' THEN
                RAISE EXCEPTION 'a recovery names a chain, a reason and an actor' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            -- A process that was stopped just now may still be on its way out.
            BEGIN
                PERFORM pg_advisory_xact_lock(hashtextextended('ferry/lease/' || current_schema() || '/' || chain_name, 0));
                PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0));
            EXCEPTION WHEN lock_not_available THEN
                RAISE EXCEPTION 'a hotwalletd is running: stop those of all chains first' USING ERRCODE = 'object_in_use';
            END;
            SELECT EXISTS (SELECT 1 FROM cursor c WHERE c.chain = chain_name) INTO begun;
            IF NOT begun AND birth_height IS NULL THEN
                RAISE EXCEPTION 'the chain %% has no cursor: the recovery needs its birth height', chain_name USING ERRCODE = 'invalid_parameter_value';
            END IF;
            INSERT INTO recovery (chain, highest, gap, birth, until) VALUES (chain_name, highest_issued, gap_beyond, birth_height, until_height)
                ON CONFLICT (chain) DO UPDATE SET highest = excluded.highest, gap = excluded.gap, birth = excluded.birth,
                    until = excluded.until, began = NULL, started_at = now(), finished_at = NULL;
            INSERT INTO lease (chain, token, holder) VALUES (chain_name, fresh, 'recovery')
                ON CONFLICT (chain) DO UPDATE SET token = greatest(lease.token + 1, excluded.token), holder = 'recovery', acquired_at = now();
            UPDATE relay_cursor SET seq = greatest(seq, fresh);
            INSERT INTO halt (chain, reason, actor) VALUES (chain_name, 'recovery: ' || why, who) ON CONFLICT (chain) DO NOTHING;
            INSERT INTO staff_action (actor, action, target, reason) VALUES (who, 'recover', chain_name,
                format('highest index %%s, gap %%s, birth %%s, until %%s: %%s', highest_issued, gap_beyond, birth_height, until_height, why));
        END $b$ $f$, current_schema());
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION begin_recovery(text, integer, integer, bigint, bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_recovery(text, integer, integer, bigint, bigint, text, text) TO ferry_operator;
