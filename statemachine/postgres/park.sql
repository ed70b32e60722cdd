INSERT INTO parked_fact (swap_id, source, seq, kind, fact, reason, parked_at)
SELECT *, now() FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[], $6::text[])
