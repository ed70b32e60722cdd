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

-- INSERT_DEATH
INSERT INTO death (batch_id, chain, anchor, spent, lineage, spender, height, block_hash, stored_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- BURY_ATTEMPTS
UPDATE attempt SET state = 'dead' WHERE batch_id = $1 AND state IN ('signed', 'broadcast', 'mined', 'replaced')

-- FREE_PAYMENTS
-- Its payments are to be planned like new ones.
UPDATE payment SET state = 'queued', batch_id = NULL, reason = '', txid = '', fee = 0, height = NULL, block_hash = NULL,
    mined_failed = false, version = version + 1, queued_at = $2, updated_at = $2
WHERE batch_id = $1 AND state = 'failed' AND retry > failed_retry
RETURNING body::text

-- DEATHS
SELECT d.chain, d.anchor, d.spent, d.lineage, d.spender, d.height, d.block_hash
FROM death d JOIN batch b USING (batch_id)
WHERE d.chain = $1 AND b.orders && $2 ORDER BY d.batch_id
