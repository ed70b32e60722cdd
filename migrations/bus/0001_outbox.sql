-- +goose Up
-- What a service has to tell, written in the transaction in which it became
-- true. Append-only. The relay reads it in (xid, id) order below the oldest
-- running transaction: that order never changes behind its back, whatever order
-- transactions commit in.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic      text NOT NULL CHECK (topic LIKE 'ferry.%'),
    key        text NOT NULL CHECK (key <> ''),
    kind       text NOT NULL CHECK (kind <> ''),
    body       text NOT NULL CHECK (octet_length(body) BETWEEN 2 AND 262144),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_publish_order ON outbox (xid, id);

-- How far the relay has published. seq numbers the rows in publishing order,
-- from 1 and without a gap; consumers use it to recognise a row they have had.
CREATE TABLE relay_cursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    xid xid8 NOT NULL DEFAULT '0',
    id  bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0)
);
INSERT INTO relay_cursor DEFAULT VALUES;

-- The next offset of each partition a service consumes, advanced by
-- compare-and-set in the transaction of what the records caused.
CREATE TABLE consumer_offset (
    consumer    text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL CHECK (partition >= 0),
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (consumer, topic, partition)
);

-- The guard of the batch transaction: raises, and so rolls everything back, when
-- a statement changed another number of rows than the decision expected.
-- +goose StatementBegin
CREATE FUNCTION expect(actual bigint, expected bigint, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF actual <> expected THEN
        RAISE EXCEPTION '% changed % rows, expected %', what, actual, expected USING ERRCODE = 'serialization_failure';
    END IF;
END $$;
-- +goose StatementEnd
