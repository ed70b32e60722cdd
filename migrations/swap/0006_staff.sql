-- +goose Up
-- What members of staff want done with a swap, and who agreed to it: for the record, for
-- ever. Decided by the state machine alone, which is told in the same transaction.
CREATE TABLE staff_action (
    request_id text PRIMARY KEY CHECK (request_id ~ '^staff_[0-7][0-9a-hjkmnp-tv-z]{25}$'),
    swap_id    text NOT NULL REFERENCES swap (id),
    actor      text NOT NULL CHECK (actor <> '' AND octet_length(actor) <= 100),
    action     text NOT NULL CHECK (action IN ('refund', 'requote', 'release', 'retry', 'write_off', 'note')),
    -- The one deposit it is about; '' for all of the swap.
    deposit_id text NOT NULL DEFAULT '',
    reason     text NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 500),
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX staff_action_swap ON staff_action (swap_id, at);
CREATE TRIGGER staff_action_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_action
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

-- The second pair of eyes: one approval for each action.
CREATE TABLE staff_approval (
    request_id text PRIMARY KEY REFERENCES staff_action (request_id),
    actor      text NOT NULL CHECK (actor <> '' AND octet_length(actor) <= 100),
    reason     text NOT NULL DEFAULT '' CHECK (octet_length(reason) <= 500),
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER staff_approval_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_approval
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

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

-- Two functions that run as their owner: they validate, record, and tell the state
-- machine by the outbox. search_path is pinned to the schema they are made in, so that
-- nobody can put a table of his own in front of ours.
DO $$
BEGIN
    EXECUTE format($f$
        -- The fact is as package swap writes it (swap.Fact with a swap.StaffFact).
        CREATE FUNCTION staff_tell(of_kind text, of_swap text, told jsonb) RETURNS void
        LANGUAGE sql SET search_path = %I, pg_temp AS $b$
            INSERT INTO outbox (topic, key, kind, body)
            VALUES ('ferry.facts', of_swap, of_kind, jsonb_build_object('kind', of_kind, 'swap_id', of_swap,
                'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'staff', told)::text)
        $b$ $f$, current_schema());
    EXECUTE format($f$
        CREATE FUNCTION staff_ask(request text, of_swap text, what text, of_deposit text, why text, who text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        BEGIN
            IF btrim(coalesce(why, '')) = '' OR btrim(coalesce(who, '')) = '' THEN
                RAISE EXCEPTION 'an action of staff names a reason and an actor' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            IF NOT EXISTS (SELECT 1 FROM swap WHERE id = of_swap) THEN
                RAISE EXCEPTION 'swap %% is not known', of_swap USING ERRCODE = 'no_data_found';
            END IF;
            IF coalesce(of_deposit, '') <> '' AND NOT EXISTS (SELECT 1 FROM deposit WHERE swap_id = of_swap AND deposit_id = of_deposit) THEN
                RAISE EXCEPTION 'swap %% has no deposit %%', of_swap, of_deposit USING ERRCODE = 'no_data_found';
            END IF;
            INSERT INTO staff_action (request_id, swap_id, actor, action, deposit_id, reason)
                VALUES (request, of_swap, btrim(who), what, coalesce(of_deposit, ''), btrim(why));
            PERFORM staff_tell('staff.action', of_swap, jsonb_strip_nulls(jsonb_build_object('request_id', request, 'actor', btrim(who),
                'action', what, 'deposit_id', nullif(of_deposit, ''), 'reason', btrim(why))));
        END $b$ $f$, current_schema());
    EXECUTE format($f$
        CREATE FUNCTION staff_approve(request text, of_swap text, why text, who text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $b$
        DECLARE asked staff_action; approved staff_approval;
        BEGIN
            IF btrim(coalesce(who, '')) = '' THEN
                RAISE EXCEPTION 'an approval names an actor' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            SELECT * INTO asked FROM staff_action WHERE request_id = request AND swap_id = of_swap;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'swap %% has no request %%', of_swap, request USING ERRCODE = 'no_data_found';
            END IF;
            -- Nobody is his own second pair of eyes, however he writes his name.
            IF lower(asked.actor) = lower(btrim(who)) THEN
                RAISE EXCEPTION '%% asked for it: somebody else has to approve', asked.actor USING ERRCODE = 'insufficient_privilege';
            END IF;
            INSERT INTO staff_approval (request_id, actor, reason) VALUES (request, btrim(who), btrim(coalesce(why, '')))
                ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN
                SELECT * INTO approved FROM staff_approval WHERE request_id = request;
                RAISE EXCEPTION 'request %% was approved by %% already', request, approved.actor USING ERRCODE = 'unique_violation';
            END IF;
            PERFORM staff_tell('staff.approved', of_swap, jsonb_build_object('request_id', request, 'actor', btrim(who),
                'reason', btrim(coalesce(why, ''))));
        END $b$ $f$, current_schema());
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION staff_tell(text, text, jsonb), staff_ask(text, text, text, text, text, text),
    staff_approve(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION staff_ask(text, text, text, text, text, text), staff_approve(text, text, text, text) TO ferry_operator;
