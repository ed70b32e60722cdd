DELETE FROM hedge_lot WHERE asset = @asset AND swap_id = @swap_id
