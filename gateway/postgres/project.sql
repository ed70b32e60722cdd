-- The history takes every version once, in whatever order they come; the view
-- takes a version only if it is newer than its own.
WITH told AS (
    INSERT INTO swap_update (swap_id, version, state, cause, message, at, detail)
    VALUES ($1, $2, $3, $5, $6, $7, $8)
    ON CONFLICT (swap_id, version) DO NOTHING
)
INSERT INTO swap_view (swap_id, version, state, body)
VALUES ($1, $2, $3, $4)
ON CONFLICT (swap_id) DO UPDATE SET version = excluded.version, state = excluded.state, body = excluded.body
WHERE swap_view.version < excluded.version
