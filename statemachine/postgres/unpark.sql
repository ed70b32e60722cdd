WITH gone AS (
    DELETE FROM parked_fact p USING unnest($1::text[], $2::text[], $3::bigint[]) AS n (swap_id, source, seq)
    WHERE p.swap_id = n.swap_id AND p.source = n.source AND p.seq = n.seq
    RETURNING 1
)
SELECT expect((SELECT count(*) FROM gone), cardinality($1::text[]), 'parked_fact')
