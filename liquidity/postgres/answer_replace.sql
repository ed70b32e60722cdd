-- Ends earlier requotes that were promised for the order.
UPDATE requote SET closed_at = @now WHERE order_id = @order_id AND refused IS NULL AND closed_at IS NULL
