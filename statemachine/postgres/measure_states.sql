-- How many open swaps are in each state, and how many of the newest $6 swaps are in
-- each final one; of the open ones how long ago (seconds) the one that stands
-- still longest changed, and how many are overdue: those whose state is given a
-- time ($1, $2: seconds) that is over, and those that wait for a deadline ($3, $4)
-- which is not to come any more, or passed $5 seconds ago.
WITH given AS (SELECT * FROM unnest($1::text[], $2::float8[]) AS g (state, seconds)),
     waiting AS (SELECT * FROM unnest($3::text[], $4::text[]) AS w (state, deadline))
SELECT s.state, count(*), coalesce(extract(epoch FROM now() - min(s.updated_at)), 0)::float8,
       count(*) FILTER (WHERE s.updated_at < now() - make_interval(secs => g.seconds)
           OR w.deadline IS NOT NULL AND NOT EXISTS (SELECT FROM deadline d WHERE d.swap_id = s.id AND d.name = w.deadline
                  AND d.due_at > now() - make_interval(secs => $5::float8)))
FROM open_swap o JOIN swap s ON s.id = o.swap_id LEFT JOIN given g USING (state) LEFT JOIN waiting w USING (state)
GROUP BY s.state
UNION ALL
SELECT state, count(*), 0, 0 FROM (SELECT state FROM swap ORDER BY id DESC LIMIT $6) newest
WHERE state IN ('settled', 'expired', 'refunded') GROUP BY state
