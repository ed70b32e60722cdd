SELECT asset, units::text, round FROM hedge_position ORDER BY asset
