-- Of several deadlines of one name the last counts.
INSERT INTO deadline (swap_id, name, due_at)
SELECT DISTINCT ON (swap_id, name) swap_id, name, due_at
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS n (swap_id, name, due_at, place)
ORDER BY swap_id, name, place DESC
ON CONFLICT (swap_id, name) DO UPDATE SET due_at = excluded.due_at
