INSERT INTO deposit AS d (swap_id, deposit_id, txid, units, state, verdict, position, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::integer[], $8::jsonb[])
ON CONFLICT (swap_id, deposit_id) DO UPDATE SET state = EXCLUDED.state, verdict = EXCLUDED.verdict, body = EXCLUDED.body
