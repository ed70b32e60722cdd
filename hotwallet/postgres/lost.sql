-- LOST_DEATHS
-- Batches whose transaction is in a block of $2 or below, and whose lost attempts were to
-- spend what it has not: that it has spent what all of them spend is what ends these.
INSERT INTO death (batch_id, chain, anchor, spent, spender, height, block_hash, stored_at)
SELECT b.batch_id, b.chain, anchor.coin, anchor.coin, p.txid, p.height, p.block_hash, $3
FROM (SELECT DISTINCT reserved_by FROM coin WHERE chain = $1 AND reserved_by IS NOT NULL AND spent_txid IS NULL) c
JOIN batch b ON b.batch_id = c.reserved_by
CROSS JOIN LATERAL (SELECT txid, height, block_hash FROM payment WHERE batch_id = b.batch_id AND state = 'final' LIMIT 1) p
CROSS JOIN LATERAL (SELECT b.chain || ':' || (plan #>> '{coins,0,txid}') || ':' || (plan #>> '{coins,0,index}') AS coin
    FROM attempt WHERE batch_id = b.batch_id AND n = 1) anchor
WHERE b.chain = $1 AND b.state = 'final' AND p.height <= $2
ON CONFLICT (batch_id) DO NOTHING
RETURNING batch_id

-- FORGET_LOST_COINS
-- In no block: should one have them again, they are new.
DELETE FROM coin WHERE chain = $1 AND reserved_by = ANY ($2) AND height IS NULL

-- RETURN_LOST_COINS
UPDATE coin SET reserved_by = NULL WHERE chain = $1 AND reserved_by = ANY ($2) AND spent_txid IS NULL

-- REVIVE_LOST
-- A batch that is in no block any more has lost nothing.
DELETE FROM death d USING batch b WHERE d.batch_id = b.batch_id AND b.chain = $1 AND b.state = 'broadcast'
