-- The newest $2, oldest first.
SELECT version, state, cause, message, at
FROM (SELECT * FROM swap_update WHERE swap_id = $1 ORDER BY version DESC LIMIT $2) AS newest
ORDER BY version
