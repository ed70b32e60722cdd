-- Each row only at the version that was read.
WITH changed AS (
    UPDATE swap s SET state = n.state, version = n.version, reason = n.reason, seen = n.seen, updated_at = n.updated_at, amended = n.amended
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::jsonb[], $7::timestamptz[], $8::jsonb[])
         AS n (id, base, state, version, reason, seen, updated_at, amended)
    WHERE s.id = n.id AND s.version = n.base
    RETURNING 1
)
SELECT expect((SELECT count(*) FROM changed), cardinality($1::text[]), 'swap')
