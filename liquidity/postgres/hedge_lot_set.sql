UPDATE hedge_lot SET units = @units::numeric WHERE asset = @asset AND swap_id = @swap_id
