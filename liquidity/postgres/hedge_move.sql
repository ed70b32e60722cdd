INSERT INTO hedge_position (asset, units) VALUES (@asset, @units::numeric)
ON CONFLICT (asset) DO UPDATE SET units = hedge_position.units + excluded.units
