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
-- were copied: see KEEP_BACK.
SELECT p.order_id, p.state FROM payment p
WHERE p.chain = $1 AND p.state IN ('queued', 'signed', 'broadcast')
  AND (p.queued_at >= coalesce((SELECT r.started_at FROM recovery r WHERE r.chain = $1), '-infinity')
    OR p.state <> 'queued' OR EXISTS (SELECT 1 FROM attempt a WHERE a.order_id = p.order_id))
ORDER BY p.queued_at, p.order_id LIMIT $2

-- READ_PAYMENT
SELECT p.body::text, p.state, p.version, p.reason,
       coalesce(a.n, 0), coalesce(a.state, ''), coalesce(a.plan::text, ''), a.raw, coalesce(a.txid, '')
FROM payment p
LEFT JOIN LATERAL (SELECT * FROM attempt WHERE order_id = p.order_id ORDER BY n DESC LIMIT 1) a ON true
WHERE p.order_id = $1 AND p.chain = $2

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
-- What the sender can spend of the asset $2: what it holds itself, less funding that is
-- not deep enough, and less payments that have a plan and are in no block: their
-- amounts, and their fees where these are paid in it ($3). What lies on deposit
-- addresses is no part of it.
SELECT s.address, s.path, s.next_nonce,
    greatest(0, coalesce((SELECT h.units FROM holding h WHERE h.chain = s.chain AND h.address = s.address AND h.asset = $2), 0)
        - coalesce((SELECT sum(d.units) FROM deposit d
            WHERE d.chain = s.chain AND d.asset = $2 AND d.address = s.address AND d.state = 'in_block'), 0)
        - coalesce((SELECT sum(CASE WHEN p.asset = $2 THEN p.units ELSE 0 END + CASE WHEN $3 THEN a.fee ELSE 0 END)
            FROM payment p JOIN attempt a USING (order_id)
            WHERE p.chain = s.chain AND p.state IN ('queued', 'signed', 'broadcast')), 0)),
    EXISTS (SELECT 1 FROM attempt a WHERE a.chain = s.chain AND a.state = 'planned')
FROM sender s WHERE s.chain = $1

-- PLAN_PAYMENT
UPDATE payment p SET version = version + 1, reason = '', updated_at = $4
WHERE p.order_id = $1 AND p.chain = $2 AND p.version = $3 AND p.state = 'queued'
  AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.order_id = p.order_id)
  AND NOT EXISTS (SELECT 1 FROM halt h WHERE h.chain = p.chain)

-- INSERT_ATTEMPT
INSERT INTO attempt (order_id, n, chain, state, plan, fee, nonce, planned_at)
VALUES ($1, $2, $3, 'planned', $4, $5, $6, $7)

-- RESERVE_COINS
-- The caller compares the count: every coin of the plan, as the plan has it. One of
-- another chain's keys is for the refund of that very deposit.
UPDATE coin c SET reserved_by = $1
FROM unnest($3::text[], $4::bigint[], $5::numeric[], $6::text[]) AS w (txid, idx, units, path), cursor u
WHERE c.chain = $2 AND u.chain = $2 AND c.txid = w.txid AND c.idx = w.idx AND c.units = w.units AND c.path = w.path
  AND c.spent_txid IS NULL AND c.reserved_by IS NULL
  AND (c.home = '' OR EXISTS (SELECT FROM payment_deposit p JOIN payment o USING (order_id)
      WHERE p.order_id = $1 AND o.purpose = 'refund' AND p.deposit_id = c.chain || ':' || c.txid || ':' || c.idx))
  AND c.height <= u.height - $7 + 1 AND (NOT c.coinbase OR c.height <= u.height - 99)

-- TAKE_NONCE
UPDATE sender s SET next_nonce = next_nonce + 1
WHERE s.chain = $1 AND s.next_nonce = $2 AND s.path = $3

-- SIGN_PAYMENT
UPDATE payment SET state = 'signed', version = version + 1, reason = '', updated_at = $4
WHERE order_id = $1 AND chain = $2 AND version = $3 AND state = 'queued'

-- SIGN_ATTEMPT
UPDATE attempt SET state = 'signed', raw = $3, txid = $4, signed_at = $5
WHERE order_id = $1 AND n = $2 AND state = 'planned'

-- ANSWER_PAYMENT
UPDATE payment SET state = $5, reason = $6, version = version + 1, updated_at = $7
WHERE order_id = $1 AND chain = $2 AND version = $3 AND state = $4

-- ANSWER_ATTEMPT
UPDATE attempt SET state = $4, last_answer = $5, last_sent_at = $6
WHERE order_id = $1 AND n = $2 AND state = $3

-- REASON_PAYMENT
UPDATE payment SET reason = $5, version = version + 1, updated_at = $6
WHERE order_id = $1 AND chain = $2 AND version = $3 AND state = $4

-- HALTED
SELECT coalesce((SELECT reason FROM halt WHERE chain = $1), '')
