-- BOOK_BALANCE
SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = ANY($1) AND asset = $2

-- FUNDED_ADDRESSES
-- Those that can hold anything of an asset, or ever did (account chains).
SELECT address FROM address WHERE chain = $1 AND state = 'hot'
UNION
SELECT address FROM holding WHERE chain = $1 AND asset = $2

-- RECORD_RECONCILIATION
INSERT INTO reconciliation AS r (chain, height, hash, asset, book, node, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (chain, asset) DO UPDATE SET height = $2, hash = $3, book = $5, node = $6, at = $7

-- LAST_SURPLUS
-- Only if its block is still one of ours.
SELECT (r.node - r.book)::text FROM reconciliation r
JOIN block b ON b.chain = r.chain AND b.height = r.height AND b.hash = r.hash
WHERE r.chain = $1 AND r.asset = $2
