-- One row per known swap among $1, with its deposits and payments.
SELECT s.id, s.state, s.version, s.signed_quote, s.signed_receipt, s.reason, s.seen, s.created_at, s.updated_at, s.amended,
       (SELECT coalesce(jsonb_agg(d.body ORDER BY d.position), '[]') FROM deposit d WHERE d.swap_id = s.id) AS deposits,
       (SELECT coalesce(jsonb_agg(p.body ORDER BY p.position), '[]') FROM payment p WHERE p.swap_id = s.id) AS payments
FROM swap s WHERE s.id = ANY ($1)
