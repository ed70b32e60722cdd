-- $1 and $2 are the swaps and the versions known of each; at most $3 of each swap.
SELECT u.swap_id, u.version, u.state, u.cause, u.message, u.at, coalesce(u.detail, '{}')
FROM unnest($1::text[], $2::bigint[]) AS known (swap_id, version)
CROSS JOIN LATERAL (
    SELECT * FROM swap_update n
    WHERE n.swap_id = known.swap_id AND n.version > known.version
    ORDER BY n.version LIMIT $3
) AS u
ORDER BY u.swap_id, u.version
