-- NAME: DAY_MOVEMENTS
-- What stood on each account when the day began (the kind is '') and what each kind of
-- entry moved on it until it ended. The accounts of swaps are one line for each kind.
-- An entry's time is its transaction's, in the database's clock.
WITH posted AS (
    SELECT 'hot wallet' AS book, p.account, p.asset, p.units, p.entry_key, e.kind, e.created_at
    FROM hotwallet.posting p JOIN hotwallet.entry e ON e.key = p.entry_key
    WHERE e.created_at < $2 AND p.asset = ANY ($3)
    UNION ALL
    SELECT 'state machine', CASE WHEN p.account LIKE 'swap:%' THEN 'swaps, ' || split_part(p.account, ':', 3) ELSE p.account END,
           p.asset, p.units, p.entry_key, e.kind, e.created_at
    FROM swap.posting p JOIN swap.entry e ON e.key = p.entry_key
    WHERE e.created_at < $2 AND p.asset = ANY ($3)
)
SELECT book, account, asset, CASE WHEN created_at < $1 THEN '' ELSE kind END AS kind,
       count(DISTINCT entry_key) FILTER (WHERE created_at >= $1) AS entries, sum(units)::text AS units
FROM posted GROUP BY 1, 2, 3, 4 ORDER BY book, asset, account, 4

-- NAME: DAY_KINDS
-- Each kind of entry of the day: how many there were, what they moved (their debits),
-- and what all their postings sum to, which is zero.
WITH posted AS (
    SELECT 'hot wallet' AS book, e.kind, p.asset, p.units, p.entry_key
    FROM hotwallet.entry e JOIN hotwallet.posting p ON p.entry_key = e.key
    WHERE e.created_at >= $1 AND e.created_at < $2 AND p.asset = ANY ($3)
    UNION ALL
    SELECT 'state machine', e.kind, p.asset, p.units, p.entry_key
    FROM swap.entry e JOIN swap.posting p ON p.entry_key = e.key
    WHERE e.created_at >= $1 AND e.created_at < $2 AND p.asset = ANY ($3)
)
SELECT book, kind, asset, count(DISTINCT entry_key) AS entries,
       coalesce(sum(units) FILTER (WHERE units > 0), 0)::text AS moved, sum(units)::text AS units
FROM posted GROUP BY 1, 2, 3 ORDER BY book, asset, kind
