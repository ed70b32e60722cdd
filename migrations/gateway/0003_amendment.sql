-- +goose Up
-- The user's word about a swap, given with its secret: an answer to a question, or a
-- refund address that was left open. The document is what counts; it is told by a
-- fact in the same transaction. The secret is not here. Never changed, never deleted.
CREATE TABLE amendment (
    swap_id      text NOT NULL REFERENCES swap (id),
    -- SHA-256 of the request without the secret: the same request again finds it.
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    -- The swap's version in which the user was asked, so that the same answer to a
    -- question that is asked again is told again; 0 where nobody was asked.
    version      bigint NOT NULL CHECK (version >= 0),
    kind         text NOT NULL CHECK (kind IN ('swap.answered', 'swap.refund_address_set')),
    document     text NOT NULL CHECK (octet_length(document) BETWEEN 1 AND 8192),
    at           timestamptz NOT NULL,
    PRIMARY KEY (swap_id, request_hash, version)
);
CREATE TRIGGER amendment_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON amendment
    FOR EACH STATEMENT EXECUTE FUNCTION gateway_immutable();

-- What an update says beside its columns (whom it waits for, what is missing, what
-- does not match), for streams; NULL in rows that are older than this column.
ALTER TABLE swap_update ADD COLUMN detail jsonb;
