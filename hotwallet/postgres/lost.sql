-- LOST_DEATHS
-- Batches whose transaction is in a block of $2 or below, and whose lost attempts were to
-- spend what it has not, or made change that others were to spend: that it has spent what all of
-- them spend is what ends these.
INSERT INTO death (batch_id, chain, anchor, spent, spender, height, block_hash, stored_at)
SELECT b.batch_id, b.chain, anchor.coin, anchor.coin, p.txid, p.height, p.block_hash, $3
FROM (SELECT reserved_by FROM coin WHERE chain = $1 AND reserved_by IS NOT NULL AND spent_txid IS NULL
    UNION SELECT a.batch_id FROM coin o JOIN attempt a ON a.chain = o.chain AND a.txid = o.txid
    WHERE o.chain = $1 AND o.reserved_by IS NOT NULL AND o.spent_txid IS NULL AND o.height IS NULL AND a.state = 'replaced') c
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

-- LOST_COINS
-- What a batch was to spend and can't: spent by somebody else $3 blocks deep, in no block for as
-- many, or change of a batch that is dead. It may come back; all attempts conflict, whatever
-- they do without.
SELECT c.txid || ':' || c.idx FROM coin c JOIN cursor u ON u.chain = c.chain
WHERE c.chain = $1 AND c.reserved_by = $2 AND (
    c.spent_txid IS NOT NULL AND c.spent_height <= u.height - $3 + 1
      AND NOT EXISTS (SELECT FROM attempt a WHERE a.batch_id = $2 AND a.txid = c.spent_txid)
    OR c.spent_txid IS NULL AND c.height IS NULL AND (c.gone_from <= u.height - $3
      OR EXISTS (SELECT FROM attempt a JOIN death d USING (batch_id) WHERE a.chain = c.chain AND a.txid = c.txid AND a.txid <> d.spender)))
ORDER BY 1
