-- The newest $2, oldest first. What waited for something then is no longer of use.
SELECT version, state, cause, message, at, coalesce(detail - 'mismatches', '{}')
FROM (SELECT * FROM swap_update WHERE swap_id = $1 ORDER BY version DESC LIMIT $2) AS newest
ORDER BY version
