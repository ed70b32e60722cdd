-- SIBLING_ADDRESSES
-- A chain's deposit addresses from an index on, in their order, and the index after.
SELECT address, idx + 1 FROM address WHERE chain = $1 AND role = 0 AND branch = 0 AND idx >= $2 ORDER BY idx

-- HOME_ADDRESSES
-- Deposit addresses of another chain, by what they are there.
SELECT address, path, state, coalesce(swap_id, '') FROM address
WHERE chain = $1 AND role = 0 AND address = ANY($2)

-- SIBLING_COINS
-- Coins of another chain's keys among deposits, reserved by nobody.
SELECT c.txid, c.idx, c.units, c.address, c.path
FROM coin c JOIN deposit d ON d.chain = c.chain AND d.txid = c.txid AND d.idx = c.idx
WHERE c.chain = $1 AND d.deposit_id = ANY($2) AND c.home <> '' AND c.spent_txid IS NULL AND c.reserved_by IS NULL
ORDER BY c.txid, c.idx
