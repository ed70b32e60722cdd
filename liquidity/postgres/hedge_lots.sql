SELECT swap_id, units::text FROM hedge_lot WHERE asset = @asset ORDER BY id LIMIT @most
