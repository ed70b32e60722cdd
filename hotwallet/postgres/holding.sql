-- MOVE_HOLDINGS
-- What the block $2, $3 changed: each address and asset once.
WITH moved AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::numeric[]) AS m (address, asset, units)
), kept AS (
    INSERT INTO holding_change (chain, height, hash, address, asset, units) SELECT $1, $2, $3, m.* FROM moved m
)
INSERT INTO holding AS h (chain, address, asset, units) SELECT $1, m.* FROM moved m
ON CONFLICT (chain, address, asset) DO UPDATE SET units = h.units + excluded.units

-- TAKE_BACK_HOLDINGS
WITH gone AS (
    DELETE FROM holding_change WHERE chain = $1 AND height = $2 AND hash = $3 RETURNING address, asset, units
)
UPDATE holding h SET units = h.units - g.units FROM gone g
WHERE h.chain = $1 AND h.address = g.address AND h.asset = g.asset

-- PRUNE_HOLDING_CHANGES
DELETE FROM holding_change WHERE chain = $1 AND height < $2

-- HELD_SUM
SELECT coalesce(sum(units), 0)::text FROM holding WHERE chain = $1 AND asset = $2
