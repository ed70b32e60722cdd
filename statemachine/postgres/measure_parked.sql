-- Facts that wait to be applied, counted up to $1, and the age of the oldest.
SELECT count(*), coalesce(extract(epoch FROM now() - min(parked_at)), 0)::float8
FROM (SELECT parked_at FROM parked_fact LIMIT $1) parked
