-- The lot goes where it would become nothing: a row of nothing is refused.
WITH gone AS (DELETE FROM hedge_lot WHERE asset = @asset AND swap_id = @swap_id AND units + @units::numeric = 0 RETURNING 1)
INSERT INTO hedge_lot (asset, swap_id, units) SELECT @asset, @swap_id, @units::numeric WHERE NOT EXISTS (SELECT FROM gone)
ON CONFLICT (asset, swap_id) DO UPDATE SET units = hedge_lot.units + excluded.units
