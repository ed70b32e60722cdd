-- INSERT_PAYMENTS
-- One row per order, in the order they came. The caller has left out those whose
-- id or deposit is taken; the keys refuse what was taken since.
INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, queued_at, updated_at)
SELECT o.order_id, $1, o.swap_id, o.purpose, o.asset, o.units, o.destination, o.body, 'queued',
       $2::timestamptz + o.n * interval '1 microsecond', $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::jsonb[])
     WITH ORDINALITY AS o (order_id, swap_id, purpose, asset, units, destination, body, n)
ORDER BY o.n

-- INSERT_PAYMENT_DEPOSITS
INSERT INTO payment_deposit (deposit_id, order_id, asset, units)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[])

-- DEPOSITS_TAKEN
SELECT deposit_id, order_id FROM payment_deposit WHERE deposit_id = ANY ($1)

-- ORDER_BODIES
SELECT order_id, body::text FROM payment WHERE order_id = ANY ($1)

-- OPEN_PAYMENTS
-- What lay queued in rows that a recovery goes on from may have been paid after they
-- were copied: see KEEP_BACK. What is the house's own pays nobody, and goes on.
SELECT p.order_id, p.state, coalesce(p.batch_id, '') FROM payment p
WHERE p.chain = $1 AND (p.state IN ('queued', 'signed', 'broadcast') OR p.state = 'failed' AND p.retry > p.failed_retry)
  AND (p.queued_at >= coalesce((SELECT r.started_at FROM recovery r WHERE r.chain = $1), '-infinity')
    OR p.state <> 'queued' OR p.batch_id IS NOT NULL OR p.swap_id = '')
ORDER BY p.queued_at, p.order_id LIMIT $2

-- READ_PAYMENT
SELECT p.body::text, p.state, p.version, p.reason, p.updated_at, coalesce(p.batch_id, ''),
       coalesce(a.n, 0), coalesce(a.state, ''), coalesce(a.plan::text, ''), a.raw, coalesce(a.txid, '')
FROM payment p
LEFT JOIN LATERAL (SELECT * FROM attempt WHERE batch_id = p.batch_id AND state <> 'dropped' ORDER BY n DESC LIMIT 1) a ON true
WHERE p.order_id = $1 AND p.chain = $2

-- READ_BATCH
SELECT purpose, state, version FROM batch WHERE batch_id = $1 AND chain = $2

-- BATCH_PAYMENTS
-- In the order of the outputs.
SELECT p.body::text, p.state, p.version, p.reason, p.updated_at
FROM batch b CROSS JOIN LATERAL unnest(b.orders) WITH ORDINALITY AS o (order_id, n) JOIN payment p USING (order_id)
WHERE b.batch_id = $1 AND p.batch_id = b.batch_id ORDER BY o.n

-- BATCH_ATTEMPTS
SELECT n, state, plan::text, raw, coalesce(txid, ''), reason, planned_at, height FROM attempt WHERE batch_id = $1 ORDER BY n

-- CONFIRMED_DEPOSITS
-- The caller compares the count. The deposits may be on another chain: all chains'
-- hot wallets share the schema.
SELECT count(*) FROM deposit d JOIN unnest($1::text[], $3::text[], $4::numeric[]) AS w (deposit_id, asset, units) USING (deposit_id)
WHERE d.swap_id = $2 AND d.asset = w.asset AND d.units = w.units AND d.state = 'confirmed'

-- LOCK_DEPOSITS
-- The same for the rest of a transaction, in the order of their ids: a
-- reorganisation that takes one back waits for it, and then sees what it has stored.
SELECT d.deposit_id FROM deposit d JOIN unnest($1::text[], $3::text[], $4::numeric[]) AS w (deposit_id, asset, units) USING (deposit_id)
WHERE d.swap_id = $2 AND d.asset = w.asset AND d.units = w.units AND d.state = 'confirmed'
ORDER BY d.deposit_id FOR SHARE OF d

-- SPENDABLE_COINS
-- Deep enough, mature (a coinbase output may be spent by the 100th block after
-- its own), reserved by nobody, of this chain's own keys. The $3 largest, and the $4
-- smallest that are worth more than their own input costs ($5): with the largest alone
-- a large wallet would never bring small coins together.
WITH spendable AS (
    SELECT c.txid, c.idx, c.units, c.address, c.path
    FROM coin c JOIN cursor u ON u.chain = c.chain
    WHERE c.chain = $1 AND c.home = '' AND c.spent_txid IS NULL AND c.reserved_by IS NULL
      AND c.height <= u.height - $2 + 1 AND (NOT c.coinbase OR c.height <= u.height - 99)
), largest AS (
    SELECT * FROM spendable ORDER BY units DESC, txid, idx LIMIT $3
), smallest AS (
    SELECT * FROM spendable WHERE units > $5 ORDER BY units, txid, idx LIMIT $4
)
SELECT * FROM largest UNION SELECT * FROM smallest ORDER BY units DESC, txid, idx

-- CHANGE_ADDRESS
-- Change is spread over the addresses derived for it, by the order: a plan made
-- again has the same one. Their indexes have no gap.
SELECT address, path FROM address
WHERE chain = $1 AND role = 1 AND branch = 1
  AND idx = (hashtextextended($2, 0) & 9223372036854775807)
          % (SELECT nullif(count(*), 0) FROM address WHERE chain = $1 AND role = 1 AND branch = 1)

-- PAYING_SENDER
-- What the sender can spend of the asset $2: what it holds itself, less funding and sweeps
-- that are not deep enough, and less payments of its own that have a plan and are in no block: their
-- amounts, and their fees where these are paid in it ($3). What lies on deposit
-- addresses is no part of it. Besides: whether a plan of its own is unsigned, and whether $4
-- of its transactions, or more, are in no block.
SELECT s.address, s.path, s.next_nonce,
    greatest(0, coalesce((SELECT h.units FROM holding h WHERE h.chain = s.chain AND h.address = s.address AND h.asset = $2), 0)
        - coalesce((SELECT sum(d.units) FROM deposit d
            WHERE d.chain = s.chain AND d.asset = $2 AND d.address = s.address AND d.state = 'in_block'), 0)
        - coalesce((SELECT sum(CASE WHEN p.asset = $2 THEN p.units ELSE 0 END + CASE WHEN $3 THEN a.fee ELSE 0 END)
            FROM payment p JOIN LATERAL (SELECT fee FROM attempt WHERE batch_id = p.batch_id AND state <> 'dropped' ORDER BY n DESC LIMIT 1) a ON true
            WHERE p.chain = s.chain AND p.state IN ('queued', 'signed', 'broadcast') AND p.purpose <> 'sweep'), 0)
        - coalesce((SELECT sum(p.units) FROM payment p
            WHERE p.chain = s.chain AND p.asset = $2 AND p.state = 'confirmed' AND p.purpose = 'sweep' AND NOT p.mined_failed), 0)),
    EXISTS (SELECT 1 FROM attempt a WHERE a.chain = s.chain AND a.sender = s.address AND a.state = 'planned' AND a.n = 1),
    (SELECT count(*) FROM batch b JOIN attempt a USING (batch_id) WHERE b.chain = s.chain
        AND b.state IN ('queued', 'signed', 'broadcast') AND a.n = 1 AND a.sender = s.address) >= $4
FROM sender s WHERE s.chain = $1

-- PLAN_PAYMENTS
UPDATE payment p SET batch_id = $2, version = p.version + 1, reason = '', updated_at = $5
FROM unnest($3::text[], $4::bigint[]) AS w (order_id, version)
WHERE p.order_id = w.order_id AND p.chain = $1 AND p.version = w.version AND p.state = 'queued' AND p.batch_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM halt h WHERE h.chain = p.chain)

-- EARLIER_BATCHES
SELECT count(*) FROM batch WHERE batch_id = $1 OR starts_with(batch_id, $1 || '#')

-- INSERT_BATCH
INSERT INTO batch (batch_id, chain, purpose, state, orders, planned_at) VALUES ($1, $2, $3, 'queued', $4, $5)

-- INSERT_ATTEMPT
INSERT INTO attempt (batch_id, n, chain, state, plan, fee, sender, nonce, planned_at, height)
VALUES ($1, $2, $3, 'planned', $4, $5,
        CASE WHEN $6::bigint IS NULL THEN '' ELSE coalesce((SELECT address FROM sender WHERE chain = $3 AND path = $7),
             (SELECT address FROM address WHERE chain = $3 AND path = $7), '') END, $6, $8,
        (SELECT height FROM cursor WHERE chain = $3))
RETURNING height

-- RESERVE_COINS
-- The caller compares the count: every coin of the plan, as the plan has it. One of
-- another chain's keys is for the refund of that very deposit; change of our own may be less
-- deep (OWN_SHALLOW).
UPDATE coin c SET reserved_by = $1
FROM unnest($3::text[], $4::bigint[], $5::numeric[], $6::text[]) AS w (txid, idx, units, path), cursor u
WHERE c.chain = $2 AND u.chain = $2 AND c.txid = w.txid AND c.idx = w.idx AND c.units = w.units AND c.path = w.path
  AND c.spent_txid IS NULL AND c.reserved_by IS NULL
  AND (c.home = '' OR EXISTS (SELECT FROM payment_deposit p JOIN payment o USING (order_id)
      WHERE p.order_id = ANY ($8) AND o.purpose = 'refund' AND p.deposit_id = c.chain || ':' || c.txid || ':' || c.idx))
  AND (c.height <= u.height - $7 + 1 AND (NOT c.coinbase OR c.height <= u.height - 99)
    OR c.height IS NOT NULL AND EXISTS (SELECT FROM attempt a WHERE a.chain = c.chain AND a.txid = c.txid AND a.state = 'mined'
      AND (a.plan ->> 'change_index')::bigint = c.idx
      AND NOT EXISTS (SELECT FROM attempt o WHERE o.batch_id = a.batch_id AND o.n <> a.n AND o.state <> 'dropped')))

-- TAKE_NONCE
UPDATE sender s SET next_nonce = next_nonce + 1
WHERE s.chain = $1 AND s.next_nonce = $2 AND s.path = $3

-- MOVE_BATCH
-- The one guard of all that happens to a batch. Its payments follow.
UPDATE batch SET state = $5, version = version + 1 WHERE batch_id = $1 AND chain = $2 AND version = $3 AND state = $4

-- FOLLOW_BATCH
UPDATE payment SET state = $2, reason = $3, version = version + 1, updated_at = $4 WHERE batch_id = $1

-- SIGN_ATTEMPT
UPDATE attempt SET state = 'signed', raw = $3, txid = $4, signed_at = $5
WHERE batch_id = $1 AND n = $2 AND state = 'planned'

-- ANSWER_ATTEMPT
UPDATE attempt SET state = $4, last_answer = $5, last_sent_at = $6
WHERE batch_id = $1 AND n = $2 AND state = $3

-- REASON_PAYMENT
-- Of one without a batch.
UPDATE payment SET reason = $5, version = version + 1, updated_at = $6
WHERE order_id = $1 AND chain = $2 AND version = $3 AND state = $4 AND batch_id IS NULL

-- HALTED
SELECT coalesce((SELECT reason FROM halt WHERE chain = $1), '')
