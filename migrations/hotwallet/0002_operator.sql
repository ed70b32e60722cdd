-- +goose Up
-- Operators halt and resume a chain without the daemon's leave, and do nothing
-- else: two functions that run as their owner, each with a row in staff_action.
-- search_path is pinned to the schema the functions are made in, so nobody can
-- put a table of his own in front of ours.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION set_halt(chain_name text, why text, who text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        DECLARE stopped boolean;
        BEGIN
            IF coalesce(chain_name, '') NOT IN ('bitcoin', 'ethereum') OR coalesce(why, '') = '' OR coalesce(who, '') = '' THEN
                RAISE EXCEPTION 'a halt names a known chain, a reason and an actor' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            -- The first reason stays until somebody resumes; the second is on record.
            INSERT INTO halt (chain, reason, actor) VALUES (chain_name, why, who) ON CONFLICT (chain) DO NOTHING;
            stopped := FOUND;
            INSERT INTO staff_action (actor, action, target, reason)
                VALUES (who, CASE WHEN stopped THEN 'halt' ELSE 'halt.repeated' END, chain_name, why);
            RETURN stopped;
        END $b$ $f$, current_schema());
    EXECUTE format($f$
        CREATE FUNCTION clear_halt(chain_name text, why text, who text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        BEGIN
            IF coalesce(chain_name, '') NOT IN ('bitcoin', 'ethereum') OR coalesce(why, '') = '' OR coalesce(who, '') = '' THEN
                RAISE EXCEPTION 'a resume names a known chain, a reason and an actor' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            DELETE FROM halt WHERE chain = chain_name;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            INSERT INTO staff_action (actor, action, target, reason) VALUES (who, 'resume', chain_name, why);
            RETURN true;
        END $b$ $f$, current_schema());
END $$;

-- Roles belong to the whole cluster: they may exist, and several databases or
-- tests may make them at once.
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
    IF NOT EXISTS (SELECT 1 FROM pg_auth_members
                   WHERE roleid = 'ferry_support'::regrole AND member = 'ferry_operator'::regrole) THEN
        BEGIN
            GRANT ferry_support TO ferry_operator;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION set_halt(text, text, text), clear_halt(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_halt(text, text, text), clear_halt(text, text, text) TO ferry_operator;

-- What lies where on an account chain, and what is still to be paid.
CREATE INDEX deposit_held ON deposit (chain, address) INCLUDE (units) WHERE state IN ('in_block', 'confirmed');
-- Plans that are not signed: few, and asked for with every plan.
CREATE INDEX attempt_planned ON attempt (chain) WHERE state = 'planned';
