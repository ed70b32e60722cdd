-- OWN_ATTEMPTS
-- Our transactions among the given, with what their payment's holds took off the wallet:
-- of the payment's asset, and of another one for the fee.
SELECT a.txid, a.fee, p.order_id, p.swap_id, p.purpose, p.asset, p.units, p.destination, p.state, held.own, held.gas
FROM attempt a JOIN payment p USING (order_id)
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(h.units) FILTER (WHERE h.asset = p.asset), 0) AS own,
           coalesce(-sum(h.units) FILTER (WHERE h.asset <> p.asset), 0) AS gas
    FROM attempt b JOIN posting h ON h.entry_key = 'hold:' || b.order_id || ':' || b.n
    WHERE b.order_id = p.order_id AND h.account = 'wallet'
) held
WHERE a.chain = $1 AND a.txid = ANY($2)

-- INCLUDE_PAYMENT
UPDATE payment SET state = 'confirmed', txid = $2, fee = $3, height = $4, block_hash = $5, mined_failed = $6,
    version = version + 1, updated_at = $7
WHERE order_id = $1 AND state IN ('signed', 'broadcast')

-- FINISH_PAYMENTS
UPDATE payment SET state = CASE WHEN mined_failed THEN 'failed' ELSE 'final' END,
    reason = CASE WHEN mined_failed THEN $4 ELSE '' END, version = version + 1, updated_at = $3
WHERE chain = $1 AND state = 'confirmed' AND height <= $2
RETURNING txid, fee, order_id, swap_id, purpose, asset, units, destination, height, mined_failed

-- REORG_PAYMENTS
-- Signed bytes remain good: the payment waits for its next block.
WITH old AS (
    SELECT order_id, state, txid, fee FROM payment
    WHERE chain = $1 AND state IN ('confirmed', 'final', 'failed') AND height = $2 AND block_hash = $3
)
UPDATE payment p SET state = 'broadcast', txid = '', fee = 0, height = NULL, block_hash = NULL, mined_failed = false,
    reason = '', version = version + 1, updated_at = $4
FROM old WHERE p.order_id = old.order_id
RETURNING old.txid, old.fee, p.order_id, p.swap_id, p.purpose, p.asset, p.units, p.destination, old.state
