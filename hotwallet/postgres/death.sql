-- RETRY_PAYMENT
-- The same order, told again after a failure: what it rests on is the same.
UPDATE payment SET body = $3, retry = $4, version = version + 1, updated_at = $5,
    reason = CASE WHEN state = 'failed' THEN $6 ELSE reason END
WHERE order_id = $1 AND chain = $2 AND retry < $4

-- ENDED_BATCH
-- What was mined without effect: the nonce of a batch's attempts, and where it is.
SELECT a.sender, a.nonce, p.txid, p.height, p.block_hash
FROM attempt a JOIN payment p USING (batch_id)
WHERE a.batch_id = $1 AND a.chain = $2 AND a.n = 1 AND a.nonce IS NOT NULL AND p.state = 'failed' AND p.mined_failed LIMIT 1

-- ENDED_NONCE
-- Who has used the nonce of a batch's attempts, if that is none of these.
SELECT a.sender, a.nonce, n.txid, n.height, n.block_hash
FROM attempt a JOIN deposit_sent n ON n.chain = a.chain AND n.address = a.sender AND n.nonce = a.nonce
WHERE a.batch_id = $1 AND a.chain = $2 AND a.n = 1 AND n.txid <> ''
  AND NOT EXISTS (SELECT FROM attempt o WHERE o.batch_id = $1 AND o.txid = n.txid)

-- ENDED_COIN
-- The coin that every attempt of a batch spends: where it was (-1: in no block yet), or who has spent it in which
-- block. What one of the batch's own transactions spends has not ended it.
SELECT c.height IS NULL, coalesce(c.gone_from, -1), coalesce(c.spent_txid, ''), coalesce(c.spent_height, 0), coalesce(k.hash, '')
FROM coin c LEFT JOIN block k ON k.chain = c.chain AND k.height = c.spent_height
WHERE c.chain = $1 AND c.txid = $2 AND c.idx = $3 AND c.reserved_by = $4
  AND NOT EXISTS (SELECT FROM attempt a WHERE a.batch_id = $4 AND a.txid = c.spent_txid)

-- MAKERS_DEATH
-- How the batch ended whose transaction would make a coin, with that transaction. The one
-- that left others lost has ended nothing of its own.
SELECT a.raw, d.spent, d.lineage, d.spender, d.height, d.block_hash
FROM attempt a JOIN death d USING (batch_id) WHERE a.chain = $1 AND a.txid = $2 AND a.raw IS NOT NULL AND a.txid <> d.spender

-- HELD_BY_BATCH
-- What the holds of a batch's payments took off the wallet.
SELECT p.order_id, p.swap_id, h.asset, -sum(h.units)
FROM batch b CROSS JOIN LATERAL unnest(b.orders) AS o (order_id) JOIN payment p USING (order_id)
JOIN attempt c ON c.batch_id = b.batch_id
JOIN posting h ON h.account = 'wallet' AND h.entry_key = 'hold:' || c.batch_id || ':' || c.n
    || CASE cardinality(b.orders) WHEN 1 THEN '' ELSE ':' || p.order_id END
WHERE b.batch_id = $1 GROUP BY p.order_id, p.swap_id, h.asset HAVING sum(h.units) <> 0 ORDER BY p.order_id, h.asset

-- FORGET_COINS
-- What a batch that is dead was to spend and no block has.
DELETE FROM coin WHERE chain = $1 AND reserved_by = $2 AND height IS NULL

-- RETURN_COINS
-- The rest of them is free, but for what others have spent.
UPDATE coin SET reserved_by = NULL WHERE chain = $1 AND reserved_by = $2 AND spent_txid IS NULL

-- INSERT_DEATH
INSERT INTO death (batch_id, chain, anchor, spent, lineage, spender, height, block_hash, stored_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- BURY_ATTEMPTS
UPDATE attempt SET state = CASE state WHEN 'planned' THEN 'dropped' ELSE 'dead' END
WHERE batch_id = $1 AND state IN ('planned', 'signed', 'broadcast', 'mined', 'replaced')

-- FREE_PAYMENTS
-- Its payments are to be planned like new ones; a nonce that is used up need not be filled.
UPDATE payment SET state = CASE purpose WHEN 'gap_fill' THEN 'failed' ELSE 'queued' END, batch_id = NULL,
    reason = CASE purpose WHEN 'gap_fill' THEN 'another transaction has used the nonce' ELSE '' END, txid = '', fee = 0, height = NULL, block_hash = NULL,
    mined_failed = false, version = version + 1, queued_at = CASE state WHEN 'failed' THEN $2 ELSE queued_at END, updated_at = $2
WHERE batch_id = $1 AND (state = 'failed' AND retry > failed_retry OR state IN ('signed', 'broadcast'))
RETURNING body::text

-- NOTE_DEATH_COINS
-- What the attempts of batches that have ended were to spend. Nothing more of these is signed; an
-- attempt without bytes may have been, if the answer was lost.
UPDATE death d SET coins = ARRAY(SELECT DISTINCT (c ->> 'txid') || ':' || (c ->> 'index')
    FROM attempt a CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(a.plan -> 'coins', 'null'), '[]')) AS c
    WHERE a.batch_id = d.batch_id)
WHERE d.batch_id = ANY ($1)

-- DEATHS
-- Of earlier batches of the orders ($2), and of those that were signed with one of the coins
-- ($3), which may be final and have lost attempts. Each by an index of its own.
SELECT d.chain, d.anchor, d.spent, d.lineage, d.spender, d.height, d.block_hash
FROM death d
WHERE d.chain = $1 AND d.batch_id IN (SELECT batch_id FROM batch WHERE orders && $2 UNION ALL SELECT batch_id FROM death WHERE coins && $3)
ORDER BY d.batch_id
