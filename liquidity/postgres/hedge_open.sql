SELECT client_id, venue, asset, base, quote, price_decimals, size_decimals, side, size::text, price::text, mark::text, intended_at, deadline
FROM hedge_order WHERE state = 'open' ORDER BY intended_at, client_id
