-- READ_CURSOR
SELECT height, hash FROM cursor WHERE chain = $1

-- BEGIN_CURSOR
INSERT INTO cursor (chain, height, hash, time, seen_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (chain) DO NOTHING

-- MOVE_CURSOR
-- Compare-and-set: $2, $3 are where it stands, $4 to $6 where it goes.
UPDATE cursor SET height = $4, hash = $5, time = $6, seen_at = $7
WHERE chain = $1 AND height = $2 AND hash = $3

-- ADD_BLOCK
INSERT INTO block (chain, height, hash, parent, time) VALUES ($1, $2, $3, $4, $5)

-- PRUNE_BLOCKS
DELETE FROM block WHERE chain = $1 AND height < $2

-- BLOCK_AT
SELECT hash FROM block WHERE chain = $1 AND height = $2

-- REMOVE_BLOCK
-- The block taken back, with its parent, which has to be there still.
WITH gone AS (
    DELETE FROM block WHERE chain = $1 AND height = $2 AND hash = $3 RETURNING parent
)
SELECT p.hash, p.time FROM gone JOIN block p ON p.chain = $1 AND p.height = $2 - 1 AND p.hash = gone.parent

-- OWN_ADDRESSES
SELECT a.address, a.path, a.state, coalesce(a.swap_id, '') FROM address a
WHERE a.chain = $1 AND a.address = ANY($2)

-- WATCHED_ADDRESSES
SELECT address FROM address WHERE chain = $1
