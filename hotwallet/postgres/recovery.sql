-- READ_RECOVERY
SELECT highest, gap, birth, until, began, started_at, finished_at FROM recovery WHERE chain = $1

-- BEGIN_RECOVERY
-- Each is set once: after a restart the recovery goes on to where it was to end.
UPDATE recovery SET until = coalesce(until, $2), began = coalesce(began, $3)
WHERE chain = $1 AND finished_at IS NULL
RETURNING until, began

-- FINISH_RECOVERY
UPDATE recovery r SET finished_at = $2 FROM cursor u
WHERE r.chain = $1 AND u.chain = r.chain AND r.finished_at IS NULL AND u.height >= r.until

-- KEEP_BACK
-- Payments that are queued without an attempt in rows older than the recovery: they
-- may have been paid since the rows were copied, so that they are not planned any more.
WITH kept AS (
    UPDATE payment p SET reason = $2, version = version + 1, updated_at = $3
    FROM recovery r
    WHERE r.chain = $1 AND p.chain = r.chain AND p.state = 'queued' AND p.queued_at < r.started_at
      AND p.batch_id IS NULL AND p.swap_id <> ''
    RETURNING p.order_id, p.queued_at)
SELECT count(*), coalesce((array_agg(order_id ORDER BY queued_at, order_id))[1], '') FROM kept

-- RECOVERS
SELECT EXISTS (SELECT 1 FROM recovery WHERE chain = $1 AND until >= $2)

-- RECOVERY_BEGAN
SELECT started_at FROM recovery WHERE chain = $1

-- BURN_PAID
-- Addresses of the pool that were paid all the same were given to somebody by a
-- database that is lost. They are burnt, with all below them and the next $3.
UPDATE address a SET state = 'burnt'
WHERE a.chain = $1 AND a.role = 0 AND a.state = 'pool'
  AND a.idx <= (SELECT max(p.idx) + $3 FROM address p
                WHERE p.chain = $1 AND p.role = 0 AND p.state = 'pool' AND p.address = ANY ($2))

-- RAISE_NONCE
UPDATE sender SET next_nonce = $3 WHERE chain = $1 AND address = $2 AND next_nonce < $3

-- IS_SENDER
SELECT EXISTS (SELECT 1 FROM sender WHERE chain = $1 AND address = $2)

-- RECOVERED_AT
-- What a block's recovered sweeps are booked under: $1 is such a key without what lies
-- between its chain and its block.
SELECT e.key FROM entry e
WHERE e.kind = 'recovered.change' AND starts_with(e.key, split_part($1, '@', 1)) AND split_part(split_part(e.key, '@', 2), '#', 1) = split_part($1, '@', 2)
