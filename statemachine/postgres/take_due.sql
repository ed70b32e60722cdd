-- Due deadlines that no other sweeper is at, removed.
DELETE FROM deadline WHERE (swap_id, name) IN (
    SELECT swap_id, name FROM deadline WHERE due_at <= $1
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING swap_id, name, due_at
