-- OWN_ATTEMPTS
-- Our transactions among the given, with the payments of their batch in its order, and
-- what the holds of each payment took off the wallet: of the payment's asset, and of
-- another one for the fee.
SELECT a.txid, a.fee, a.batch_id, a.n, b.state, p.order_id, p.swap_id, p.purpose, p.asset, p.units, p.destination, p.retry, held.own, held.gas
FROM attempt a JOIN batch b USING (batch_id) CROSS JOIN LATERAL unnest(b.orders) WITH ORDINALITY AS o (order_id, position)
JOIN payment p USING (order_id)
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(h.units) FILTER (WHERE h.asset = p.asset), 0) AS own,
           coalesce(-sum(h.units) FILTER (WHERE h.asset <> p.asset), 0) AS gas
    FROM attempt c JOIN posting h ON h.entry_key = 'hold:' || c.batch_id || ':' || c.n
        || CASE cardinality(b.orders) WHEN 1 THEN '' ELSE ':' || p.order_id END
    WHERE c.batch_id = a.batch_id AND h.account = 'wallet'
) held
WHERE a.chain = $1 AND a.txid = ANY($2)
ORDER BY a.txid, o.position

-- INCLUDE_PAYMENT
-- A sweep has moved what this attempt says: each moves another amount of the chain's own asset.
UPDATE payment SET state = 'confirmed', txid = $2,
    units = CASE purpose WHEN 'sweep' THEN coalesce((SELECT (a.plan #>> '{outputs,0,units}')::numeric FROM attempt a
        WHERE a.batch_id = $8 AND a.txid = $2), units) ELSE units END, fee = $3, height = $4, block_hash = $5, mined_failed = $6,
    version = version + 1, updated_at = $7
WHERE order_id = $1 AND batch_id = $8 AND state IN ('signed', 'broadcast')

-- INCLUDE_BATCH
UPDATE batch SET state = 'confirmed', version = version + 1 WHERE batch_id = $1 AND state IN ('signed', 'broadcast')

-- MINED_ATTEMPT
UPDATE attempt SET state = 'mined' WHERE batch_id = $1 AND n = $2 AND state IN ('signed', 'broadcast', 'replaced')

-- FINISH_PAYMENTS
UPDATE payment SET state = CASE WHEN mined_failed THEN 'failed' ELSE 'final' END,
    reason = CASE WHEN mined_failed THEN $4 ELSE '' END, failed_retry = CASE WHEN mined_failed THEN retry ELSE failed_retry END, version = version + 1, updated_at = $3
WHERE chain = $1 AND state = 'confirmed' AND height <= $2
RETURNING txid, fee, order_id, batch_id, swap_id, purpose, asset, units, destination, retry, height, mined_failed

-- FINISH_BATCHES
-- After their payments.
UPDATE batch b SET state = (SELECT p.state FROM payment p WHERE p.batch_id = b.batch_id LIMIT 1), version = version + 1
WHERE b.chain = $1 AND b.state = 'confirmed'
  AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.batch_id = b.batch_id AND p.state NOT IN ('final', 'failed'))

-- REORG_BATCHES
-- After their payments.
WITH gone AS (
    UPDATE batch b SET state = 'broadcast', version = version + 1
    WHERE b.chain = $1 AND b.state IN ('confirmed', 'final', 'failed')
      AND EXISTS (SELECT 1 FROM payment p WHERE p.order_id = ANY ($2) AND p.batch_id = b.batch_id)
    RETURNING b.batch_id)
UPDATE attempt a SET state = 'broadcast' FROM gone WHERE a.batch_id = gone.batch_id AND a.state IN ('mined', 'replaced')

-- REORG_PAYMENTS
-- Signed bytes remain good: the payment waits for its next block.
WITH old AS (
    SELECT order_id, state, txid, fee FROM payment
    WHERE chain = $1 AND state IN ('confirmed', 'final', 'failed') AND height = $2 AND block_hash = $3
)
UPDATE payment p SET state = 'broadcast', txid = '', fee = 0, height = NULL, block_hash = NULL, mined_failed = false,
    reason = '', version = version + 1, updated_at = $4
FROM old WHERE p.order_id = old.order_id
RETURNING old.txid, old.fee, p.order_id, p.batch_id, p.swap_id, p.purpose, p.asset, p.units, p.destination, p.retry, old.state
