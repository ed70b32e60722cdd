INSERT INTO swap_event (swap_id, version, source, seq, kind, from_state, to_state, note, fact, at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::jsonb[], $10::timestamptz[])
