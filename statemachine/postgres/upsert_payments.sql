-- An order belongs to one swap for ever: a row of another swap is not touched,
-- and the guard fires.
WITH changed AS (
    INSERT INTO payment AS p (order_id, swap_id, purpose, units, state, txid, position, body)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::integer[], $8::jsonb[])
    ON CONFLICT (order_id) DO UPDATE SET state = EXCLUDED.state, txid = EXCLUDED.txid, body = EXCLUDED.body
    WHERE p.swap_id = EXCLUDED.swap_id
    RETURNING 1
)
SELECT expect((SELECT count(*) FROM changed), cardinality($1::text[]), 'payment')
