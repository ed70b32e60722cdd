-- OWN_UNCONFIRMED
-- Change of our own that our node has and no block: of batches of which one transaction only
-- was ever signed, with how many of ours in a row lead there, that one counted, their fees and
-- sizes. One whose way is not all ours, such as by a coin that a reorganisation has taken away,
-- is left out, and so is what others could give another txid. taken: something builds on it.
WITH RECURSIVE own AS (
    SELECT a.batch_id, a.txid, a.fee, (a.plan ->> 'size')::bigint AS size, a.plan ->> 'change_path' AS path, (a.plan ->> 'change_index')::bigint AS idx,
        (SELECT sum((c ->> 'units')::numeric) FROM jsonb_array_elements(a.plan -> 'coins') c) - a.fee
            - CASE b.purpose WHEN 'sweep' THEN 0 ELSE (SELECT sum((o ->> 'units')::numeric) FROM jsonb_array_elements(a.plan -> 'outputs') o) END AS units
    FROM batch b JOIN attempt a USING (batch_id)
    WHERE b.chain = $1 AND b.state = 'broadcast' AND a.state = 'broadcast' AND a.last_answer = 'accepted'
      AND jsonb_typeof(a.plan -> 'coins') = 'array' AND jsonb_typeof(a.plan -> 'outputs') = 'array'
      AND NOT EXISTS (SELECT FROM attempt o WHERE o.batch_id = a.batch_id AND o.n <> a.n AND o.state <> 'dropped')
      AND NOT EXISTS (SELECT FROM coin c WHERE c.chain = $1 AND c.reserved_by = a.batch_id AND c.spent_txid IS NULL AND c.home <> '')
), line AS (
    SELECT txid AS tip, batch_id, fee, size FROM own
    UNION
    SELECT l.tip, m.batch_id, m.fee, m.size
    FROM line l JOIN coin c ON c.chain = $1 AND c.reserved_by = l.batch_id AND c.spent_txid IS NULL AND c.height IS NULL
    JOIN own m ON m.txid = c.txid
), way AS (
    SELECT tip, sum(fee) AS fee, sum(size)::bigint AS size, count(*) AS n FROM line l GROUP BY tip
    HAVING bool_and(NOT EXISTS (SELECT FROM coin c WHERE c.chain = $1 AND c.reserved_by = l.batch_id AND c.spent_txid IS NULL
        AND c.height IS NULL AND NOT EXISTS (SELECT FROM own m WHERE m.txid = c.txid)))
)
SELECT o.txid, o.idx, o.units, d.address, d.path, w.fee, w.size, w.n,
    EXISTS (SELECT FROM coin c WHERE c.chain = $1 AND c.txid = o.txid AND c.idx = o.idx)
FROM own o JOIN way w ON w.tip = o.txid JOIN address d ON d.chain = $1 AND d.role = 1 AND d.branch = 1 AND d.path = o.path
WHERE o.idx >= 0 AND o.units > 0
ORDER BY w.n, o.units DESC, o.txid

-- OWN_SHALLOW
-- Change of our own, of such batches, that is in a block and not $2 deep; the $3 largest.
SELECT c.txid, c.idx, c.units, c.address, c.path
FROM coin c JOIN cursor u ON u.chain = c.chain JOIN attempt a ON a.chain = c.chain AND a.txid = c.txid
WHERE c.chain = $1 AND c.home = '' AND c.spent_txid IS NULL AND c.reserved_by IS NULL AND c.height > u.height - $2 + 1
  AND a.state = 'mined' AND (a.plan ->> 'change_index')::bigint = c.idx
  AND NOT EXISTS (SELECT FROM attempt o WHERE o.batch_id = a.batch_id AND o.n <> a.n AND o.state <> 'dropped')
ORDER BY c.units DESC, c.txid, c.idx LIMIT $3

-- RESERVE_CHANGE
-- The caller compares the count: change of a batch that is in no block and of which one
-- transaction only was signed. The block that has it will find it known.
INSERT INTO coin (chain, txid, idx, units, address, path, coinbase, home, height, reserved_by)
SELECT $2, w.txid, w.idx, w.units, d.address, w.path, false, '', NULL, $1
FROM unnest($3::text[], $4::bigint[], $5::numeric[], $6::text[]) AS w (txid, idx, units, path)
JOIN attempt a ON a.chain = $2 AND a.txid = w.txid JOIN batch b ON b.batch_id = a.batch_id
JOIN address d ON d.chain = $2 AND d.role = 1 AND d.branch = 1 AND d.path = w.path
WHERE b.state = 'broadcast' AND a.state = 'broadcast' AND (a.plan ->> 'change_index')::bigint = w.idx AND a.plan ->> 'change_path' = w.path
  AND NOT EXISTS (SELECT FROM attempt o WHERE o.batch_id = a.batch_id AND o.n <> a.n AND o.state <> 'dropped')
ON CONFLICT (chain, txid, idx) DO NOTHING

-- BUILT_ON
-- Something of ours spends change of one of the batch's transactions, or is to, that lives: it is
-- no older than $2 blocks, or our node may have both, the batch's and its own, by its newest answer
-- to each. What that refuses ($3) of the batch, or of what builds on it, only another attempt of the batch can help.
SELECT EXISTS (SELECT FROM attempt a JOIN coin c ON c.chain = a.chain AND c.txid = a.txid
    JOIN attempt f ON f.batch_id = c.reserved_by AND f.n = 1 JOIN cursor u ON u.chain = a.chain
    WHERE a.batch_id = $1 AND c.reserved_by <> $1 AND c.spent_txid IS NULL AND (f.height > u.height - $2 OR NOT EXISTS (
        SELECT FROM (VALUES ($1), (c.reserved_by)) AS w (id) WHERE NOT EXISTS (SELECT FROM attempt h
            WHERE h.batch_id = w.id AND h.state IN ('planned', 'signed', 'broadcast') AND h.last_answer <> ALL ($3)))))

-- BEFORE_BATCH
-- The transactions of ours that a batch builds on and that no block has, the oldest first.
WITH RECURSIVE line AS (
    SELECT $2::text AS batch_id, 0 AS attempt, 0 AS n
    UNION
    SELECT a.batch_id, a.n, l.n + 1
    FROM line l JOIN coin c ON c.chain = $1 AND c.reserved_by = l.batch_id AND c.spent_txid IS NULL AND c.height IS NULL
    JOIN attempt a ON a.chain = $1 AND a.txid = c.txid AND a.raw IS NOT NULL AND a.state IN ('signed', 'broadcast')
    WHERE l.n < $3
)
SELECT a.n, a.state, a.plan, a.raw, a.txid FROM line l JOIN attempt a ON a.batch_id = l.batch_id AND a.n = l.attempt
WHERE l.n > 0 ORDER BY l.n DESC, a.txid
