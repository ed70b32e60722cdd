-- INCLUDE_DEPOSITS
-- New, or raised from a state in which it is in no block. A row in any other
-- state, or with another amount, is left out; the caller compares the count.
INSERT INTO deposit AS d (chain, deposit_id, txid, idx, address, asset, units, purpose, swap_id,
                          state, first_seen, height, block_hash, block_time)
SELECT $1, n.*, 'in_block', $10, $11, $12, $13
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::text[]) AS n
ON CONFLICT (deposit_id) DO UPDATE
SET state = 'in_block', height = excluded.height, block_hash = excluded.block_hash, block_time = excluded.block_time
WHERE d.state IN ('seen', 'replaced', 'reorged') AND d.asset = excluded.asset AND d.units = excluded.units AND d.address = excluded.address
RETURNING deposit_id, txid, address, asset, units, purpose, swap_id, first_seen, height, block_hash, block_time, false

-- SEE_DEPOSITS
-- New, or back in the mempool. What is in a block stays there.
INSERT INTO deposit AS d (chain, deposit_id, txid, idx, address, asset, units, purpose, swap_id, state, first_seen)
SELECT $1, n.*, 'seen', $10
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::text[]) AS n
ON CONFLICT (deposit_id) DO UPDATE SET state = 'seen'
WHERE d.state IN ('replaced', 'reorged') AND d.asset = excluded.asset AND d.units = excluded.units AND d.address = excluded.address
RETURNING deposit_id, txid, address, asset, units, purpose, swap_id, first_seen, height, block_hash, block_time, false

-- OPEN_SIGHTINGS
SELECT deposit_id FROM deposit WHERE chain = $1 AND state = 'seen'

-- REPLACE_DEPOSITS
UPDATE deposit SET state = 'replaced' WHERE chain = $1 AND state = 'seen' AND deposit_id = ANY($2)
RETURNING deposit_id, txid, address, asset, units, purpose, swap_id, first_seen, height, block_hash, block_time, false

-- CONFIRM_DEPOSITS
-- The caller compares the count.
UPDATE deposit SET state = 'confirmed', confirmed_at = $3
WHERE chain = $1 AND deposit_id = ANY($2) AND state = 'in_block'

-- CONFIRMING_DEPOSITS
-- All that wait, whatever they are for. The coin knows whether it is a miner's reward.
SELECT deposit_id, txid, address, asset, units, purpose, swap_id, first_seen, height, block_hash, block_time,
    EXISTS (SELECT FROM coin c WHERE c.chain = d.chain AND c.txid = d.txid AND c.idx = d.idx AND c.coinbase)
FROM deposit d WHERE chain = $1 AND state = 'in_block'

-- CONFIRMED_IN
SELECT deposit_id FROM deposit WHERE chain = $1 AND state = 'confirmed' AND height = $2 AND block_hash = $3

-- DEPOSITS_USED
-- Those whose payment has a plan, and so may be signed, with the payment's chain.
SELECT u.deposit_id, p.chain FROM payment_deposit u JOIN payment p USING (order_id)
WHERE u.deposit_id = ANY($1) AND p.batch_id IS NOT NULL

-- REORG_DEPOSITS
WITH old AS (
    SELECT deposit_id, block_hash FROM deposit
    WHERE chain = $1 AND state IN ('in_block', 'confirmed') AND height = $2 AND block_hash = $3
)
UPDATE deposit d SET state = 'reorged', height = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL
FROM old WHERE d.deposit_id = old.deposit_id
RETURNING d.deposit_id, d.txid, d.address, d.asset, d.units, d.purpose, d.swap_id, d.first_seen,
    d.height, d.block_hash, d.block_time,
    EXISTS (SELECT FROM coin c WHERE c.chain = d.chain AND c.txid = d.txid AND c.idx = d.idx AND c.coinbase)
