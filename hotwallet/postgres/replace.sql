-- HEIGHT
SELECT height FROM cursor WHERE chain = $1

-- REPLACED_SENDER
-- What the account of a batch could spend of the asset $3 without this batch: what it holds,
-- less funding that is not deep enough, less its other batches that are in no block ($4:
-- fees are paid in the asset).
SELECT greatest(0, coalesce((SELECT h.units FROM holding h WHERE h.chain = $2 AND h.address = a.sender AND h.asset = $3), 0)
        - coalesce((SELECT sum(d.units) FROM deposit d
            WHERE d.chain = $2 AND d.asset = $3 AND d.address = a.sender AND d.state = 'in_block'), 0)
        - coalesce((SELECT sum(CASE WHEN p.asset = $3 THEN p.units ELSE 0 END + CASE WHEN $4 THEN o.fee ELSE 0 END)
            FROM payment p JOIN LATERAL (SELECT fee, sender FROM attempt WHERE batch_id = p.batch_id AND state <> 'dropped'
                ORDER BY n DESC LIMIT 1) o ON true
            WHERE p.chain = $2 AND p.state IN ('queued', 'signed', 'broadcast') AND p.batch_id <> $1 AND o.sender = a.sender), 0)
        - coalesce((SELECT sum(p.units) FROM payment p
            WHERE p.chain = $2 AND p.asset = $3 AND p.state = 'confirmed' AND p.purpose = 'sweep' AND NOT p.mined_failed AND p.destination = a.sender), 0)),
    a.sender
FROM attempt a WHERE a.batch_id = $1 AND a.n = 1 AND a.chain = $2

-- BEHIND_HEAD
-- What waits for a batch, if that has the lowest nonce of the account that pays which no block
-- has: what has a later one, and the oldest that found no room ($3). Below it is no nonce whose plan was
-- given up either: what fills that comes first, and no fee of the batch helps. Below one that blocks show
-- as used there is none to fill, whatever rows from before a restore say.
WITH head AS (
    SELECT a.chain, a.sender, a.nonce FROM attempt a JOIN sender s ON s.chain = a.chain AND s.address = a.sender
    WHERE a.batch_id = $1 AND a.n = 1 AND a.chain = $2
      AND NOT EXISTS (SELECT FROM attempt o JOIN batch b USING (batch_id) WHERE o.chain = a.chain AND o.sender = a.sender
          AND o.nonce < a.nonce AND o.n = 1 AND b.state IN ('queued', 'signed', 'broadcast'))
      AND NOT EXISTS (SELECT FROM attempt o WHERE o.chain = a.chain AND o.sender = a.sender AND o.nonce < a.nonce AND o.n = 1 AND o.state = 'dropped'
          AND NOT EXISTS (SELECT FROM attempt u WHERE u.chain = o.chain AND u.sender = o.sender AND u.nonce = o.nonce AND u.state <> 'dropped')
          AND NOT EXISTS (SELECT FROM attempt u WHERE u.chain = o.chain AND u.sender = o.sender AND u.nonce > o.nonce AND u.state = 'mined')
          AND NOT EXISTS (SELECT FROM deposit_sent u WHERE u.chain = o.chain AND u.address = o.sender AND u.nonce >= o.nonce))
)
SELECT w.body, w.fee FROM (
    SELECT p.body::text AS body, a.fee, a.nonce, p.queued_at, p.order_id
    FROM head h JOIN attempt a ON a.chain = h.chain AND a.sender = h.sender AND a.nonce > h.nonce AND a.n = 1
    JOIN batch b ON b.batch_id = a.batch_id AND b.state IN ('queued', 'signed', 'broadcast') JOIN payment p ON p.batch_id = b.batch_id
    UNION ALL
    SELECT p.body::text, 0, NULL, p.queued_at, p.order_id
    FROM head h JOIN payment p ON p.chain = h.chain WHERE p.state = 'queued' AND p.batch_id IS NULL AND p.reason = $3
) w ORDER BY w.nonce NULLS LAST, w.queued_at, w.order_id LIMIT $4

-- INSERT_REPLACEMENT
-- From the same account with the same nonce, on chains that have them, and never beside a
-- plan that is not signed.
INSERT INTO attempt (batch_id, n, chain, state, plan, fee, sender, nonce, planned_at, reason, height)
SELECT $1, $2, a.chain, 'planned', $3, $4, a.sender, a.nonce, $6, $7, u.height
FROM attempt a JOIN cursor u USING (chain) WHERE a.batch_id = $1 AND a.n = 1 AND a.nonce IS NOT DISTINCT FROM $5
  AND NOT EXISTS (SELECT 1 FROM attempt p WHERE p.batch_id = $1 AND p.state = 'planned')
  AND NOT EXISTS (SELECT 1 FROM halt h WHERE h.chain = a.chain)
RETURNING height

-- DROP_ATTEMPT
UPDATE attempt SET state = 'dropped', reason = $3 WHERE batch_id = $1 AND n = $2 AND n > 1 AND state = 'planned'

-- FREE_COINS
-- Of an attempt that was never signed.
UPDATE coin c SET reserved_by = NULL FROM unnest($3::text[], $4::bigint[]) AS w (txid, idx)
WHERE c.chain = $1 AND c.reserved_by = $2 AND c.txid = w.txid AND c.idx = w.idx AND c.spent_txid IS NULL AND c.height IS NOT NULL

-- LOST_ATTEMPTS
-- Another attempt of their batch is final.
UPDATE attempt a SET state = CASE a.state WHEN 'planned' THEN 'dropped' ELSE 'replaced' END
FROM batch b WHERE b.chain = $1 AND b.state IN ('final', 'failed') AND a.batch_id = b.batch_id AND a.state IN ('planned', 'signed', 'broadcast')
