INSERT INTO hedge_fill (venue, fill_id, client_id, size, price, cost_units, fee_asset, fee_units, traded_at)
VALUES (@venue, @fill_id, @client_id, @size::numeric, @price::numeric, nullif(@cost_units::numeric, 0), nullif(@fee_asset, ''), nullif(@fee_units::numeric, 0), @at)
