-- POST_ENTRIES
-- Postings follow the entries that were new; the caller compares the count.
WITH fresh AS (
    INSERT INTO entry (key, kind, swap_id)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (key) DO NOTHING
    RETURNING key
), posted AS (
    INSERT INTO posting (entry_key, n, account, asset, units)
    SELECT p.* FROM unnest($4::text[], $5::integer[], $6::text[], $7::text[], $8::numeric[])
        AS p (entry_key, n, account, asset, units)
    JOIN fresh ON fresh.key = p.entry_key
)
SELECT count(*) FROM fresh

-- KEYS_TAKEN
SELECT key FROM entry WHERE key = ANY($1)

-- READ_ENTRIES
SELECT e.key, e.kind, e.swap_id, p.account, p.asset, abs(p.units), p.units < 0
FROM entry e JOIN posting p ON p.entry_key = e.key
WHERE e.key = ANY($1) ORDER BY e.key, p.n
