-- +goose Up
-- What an operator may halt is any chain that Ferry knows, not two of them.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format($f$
        CREATE OR REPLACE FUNCTION set_halt(chain_name text, why text, who text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        DECLARE stopped boolean;
        BEGIN
            IF coalesce(chain_name, '') NOT IN ('bitcoin', 'litecoin', 'bitcoincash', 'ethereum') OR coalesce(why, '') = '' OR coalesce(who, '') = '' THEN
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
        CREATE OR REPLACE FUNCTION clear_halt(chain_name text, why text, who text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        BEGIN
            IF coalesce(chain_name, '') NOT IN ('bitcoin', 'litecoin', 'bitcoincash', 'ethereum') OR coalesce(why, '') = '' OR coalesce(who, '') = '' THEN
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
-- +goose StatementEnd
