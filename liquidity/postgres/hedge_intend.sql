INSERT INTO hedge_order (client_id, venue, asset, base, quote, price_decimals, size_decimals, side, size, price, mark, intended_at, deadline)
VALUES (@client_id, @venue, @asset, @base, @quote, @price_decimals, @size_decimals, @side, @size::numeric, @price::numeric, @mark::numeric, @at, @deadline)
