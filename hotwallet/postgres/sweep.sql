-- SWEEPABLE
-- Deposit addresses that hold at least $3 of the asset $2 that is $4 blocks deep, the largest
-- first, up to $6: where nothing is under way to or from them, and no sweep of the asset has
-- failed in the last day. What came since stays where it is: anybody can send a little again
-- and again. $5 is the chain's own asset, $7 the time.
SELECT h.address, h.units - fresh.units, coalesce(o.first_seen, $7::timestamptz),
    coalesce((SELECT greatest(0, g.units - freshgas.units) FROM holding g WHERE g.chain = h.chain AND g.address = h.address AND g.asset = $5), 0),
    coalesce((SELECT max(n.nonce) + 1 FROM deposit_sent n WHERE n.chain = h.chain AND n.address = h.address), 0),
    coalesce((SELECT sum(t.units) FROM payment t WHERE t.chain = h.chain AND t.purpose = 'gas_topup' AND t.swap_id = ''
        AND t.destination = h.address AND t.queued_at > $7::timestamptz - interval '1 day'), 0)
FROM holding h JOIN address a ON a.chain = h.chain AND a.address = h.address
JOIN cursor u ON u.chain = h.chain
CROSS JOIN LATERAL (SELECT coalesce(sum(d.units), 0) AS units FROM deposit d
    WHERE d.chain = h.chain AND d.address = h.address AND d.asset = h.asset
      AND d.state IN ('in_block', 'confirmed') AND (d.state = 'in_block' OR d.height > u.height - $4 + 1)) fresh
CROSS JOIN LATERAL (SELECT coalesce(sum(d.units), 0) AS units FROM deposit d
    WHERE d.chain = h.chain AND d.address = h.address AND d.asset = $5
      AND d.state IN ('in_block', 'confirmed') AND (d.state = 'in_block' OR d.height > u.height - $4 + 1)) freshgas
LEFT JOIN LATERAL (SELECT min(d.first_seen) AS first_seen FROM deposit d
    WHERE d.chain = h.chain AND d.address = h.address AND d.asset = h.asset AND d.state = 'confirmed') o ON true
WHERE h.chain = $1 AND h.asset = $2 AND h.units > 0 AND h.units >= $3 AND a.role = 0
  AND h.units > fresh.units AND h.units - fresh.units >= $3
  AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.chain = h.chain AND p.swap_id = '' AND p.from_address = h.address AND p.from_address <> ''
      AND (p.state NOT IN ('final', 'failed', 'dead')
        OR p.state = 'failed' AND p.asset = h.asset AND p.updated_at > $7::timestamptz - interval '1 day'))
  AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.chain = h.chain AND p.swap_id = '' AND p.destination = h.address
      AND p.state NOT IN ('final', 'failed', 'dead'))
ORDER BY 2 DESC, h.address LIMIT $6

-- HOUSE_BEGUN
-- How many sweeps and top-ups were stored since $2, and what top-ups brought since $3.
SELECT count(*) FILTER (WHERE queued_at > $2 AND purpose <> 'gap_fill'),
       coalesce(sum(units) FILTER (WHERE purpose = 'gas_topup' AND queued_at > $3), 0)
FROM payment WHERE chain = $1 AND swap_id = '' AND queued_at > least($2::timestamptz, $3::timestamptz)

-- DROPPED_NONCES
-- Nonces of the sender whose plan was dropped unsigned and that nothing else uses or will.
SELECT DISTINCT a.nonce FROM attempt a JOIN sender s ON s.chain = a.chain AND s.address = a.sender
WHERE a.chain = $1 AND a.state = 'dropped' AND a.nonce IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM attempt b WHERE b.chain = a.chain AND b.sender = a.sender AND b.nonce = a.nonce AND b.state <> 'dropped')
  AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.chain = a.chain AND p.purpose = 'gap_fill' AND p.nonce = a.nonce)
ORDER BY a.nonce LIMIT $2

-- SMALL_COINS
-- Coins that could be brought together ($2 deep, worth more than $3), the smallest of them,
-- what the $5 smallest have, whether that is under way, and how often it was begun since $4.
WITH small AS (
    SELECT c.txid, c.idx, c.units FROM coin c JOIN cursor u ON u.chain = c.chain
    WHERE c.chain = $1 AND c.home = '' AND c.spent_txid IS NULL AND c.reserved_by IS NULL AND c.units > $3
      AND c.height <= u.height - $2 + 1 AND (NOT c.coinbase OR c.height <= u.height - 99)
)
SELECT (SELECT count(*) FROM small), coalesce((SELECT txid || ':' || idx FROM small ORDER BY units, txid, idx LIMIT 1), ''),
    (SELECT coalesce(sum(f.units), 0) FROM (SELECT units FROM small ORDER BY units, txid, idx LIMIT $5) f),
    EXISTS (SELECT 1 FROM payment p WHERE p.chain = $1 AND p.swap_id = '' AND p.purpose = 'sweep' AND p.state NOT IN ('final', 'failed', 'dead')),
    (SELECT count(*) FROM payment p WHERE p.chain = $1 AND p.swap_id = '' AND p.purpose = 'sweep' AND p.queued_at > $4
        AND p.body #>> '{house,lifts}' IS NULL)

-- CONSOLIDATED_COINS
-- What a sweep of coins spends: the smallest that are worth it, up to $4.
SELECT c.txid, c.idx, c.units, c.address, c.path FROM coin c JOIN cursor u ON u.chain = c.chain
WHERE c.chain = $1 AND c.home = '' AND c.spent_txid IS NULL AND c.reserved_by IS NULL AND c.units > $3
  AND c.height <= u.height - $2 + 1 AND (NOT c.coinbase OR c.height <= u.height - 99)
ORDER BY c.units, c.txid, c.idx LIMIT $4

-- INSERT_HOUSE_PAYMENT
-- Unless the chain stands still, one like it is open, or it was made before.
INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, from_address, nonce, fee_max, queued_at, updated_at)
SELECT $2, $1, '', $3, $4, $5, $6, $7, 'queued', $8, $9, $10, $11, $11
WHERE NOT EXISTS (SELECT 1 FROM halt h WHERE h.chain = $1)
ON CONFLICT DO NOTHING

-- WITHDRAW_PAYMENT
-- Of the house's own, without a plan.
DELETE FROM payment WHERE order_id = $1 AND chain = $2 AND version = $3 AND state = 'queued' AND batch_id IS NULL
  AND swap_id = '' AND purpose IN ('sweep', 'gas_topup')

-- HOUSE_ENDS
-- The sender, and the path of the address $2 of its chain.
SELECT s.address, coalesce((SELECT a.path FROM address a WHERE a.chain = s.chain AND a.address = $2), '') FROM sender s WHERE s.chain = $1

-- SWEEPING_ACCOUNT
-- What the deposit address $2 can send of the asset $3: what it holds that is $5 blocks deep,
-- with the nonce of its next transaction. $4 is the chain's own asset.
WITH buried AS (
    SELECT h.asset, greatest(0, h.units - coalesce((SELECT sum(d.units) FROM deposit d JOIN cursor u ON u.chain = d.chain
        WHERE d.chain = h.chain AND d.address = h.address AND d.asset = h.asset
          AND d.state IN ('in_block', 'confirmed') AND (d.state = 'in_block' OR d.height > u.height - $5 + 1)), 0)) AS units
    FROM holding h WHERE h.chain = $1 AND h.address = $2
)
SELECT a.path, coalesce((SELECT max(n.nonce) + 1 FROM deposit_sent n WHERE n.chain = a.chain AND n.address = a.address), 0),
    coalesce((SELECT b.units FROM buried b WHERE b.asset = $4), 0), coalesce((SELECT b.units FROM buried b WHERE b.asset = $3), 0)
FROM address a WHERE a.chain = $1 AND a.address = $2 AND a.role = 0

-- ADD_DEPOSIT_SENT
-- Of deposit addresses, and of the sender what others have sent ($6: none of ours).
INSERT INTO deposit_sent (chain, address, nonce, height, txid, block_hash)
SELECT $1, n.address, n.nonce, $2, n.txid, $7 FROM unnest($3::text[], $4::bigint[], $5::text[], $6::boolean[]) AS n (address, nonce, txid, strange)
WHERE EXISTS (SELECT FROM address a WHERE a.chain = $1 AND a.address = n.address AND a.role = 0)
   OR n.strange AND EXISTS (SELECT FROM sender s WHERE s.chain = $1 AND s.address = n.address)
ON CONFLICT (chain, address, nonce) DO UPDATE SET height = excluded.height, txid = excluded.txid, block_hash = excluded.block_hash

-- REMOVE_DEPOSIT_SENT
DELETE FROM deposit_sent WHERE chain = $1 AND height = $2

-- FREE_NONCE
-- No transaction of the address $2 has the nonce, but such as were dropped unsigned.
SELECT NOT EXISTS (SELECT 1 FROM attempt a WHERE a.chain = $1 AND a.sender = $2 AND a.nonce = $3 AND a.state <> 'dropped')

-- SWEEP_UNITS
-- What a sweep moves, which its plan says: more may have come since it was looked for.
UPDATE payment SET units = $2 WHERE order_id = $1 AND purpose = 'sweep'
