INSERT INTO hedge_fill (venue, fill_id, client_id, size, price, fee_asset, fee_units, traded_at)
VALUES (@venue, @fill_id, @client_id, @size::numeric, @price::numeric, nullif(@fee_asset, ''), nullif(@fee_units::numeric, 0), @at)
