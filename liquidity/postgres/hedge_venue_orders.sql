SELECT venue_order_id FROM hedge_order WHERE venue = @venue AND state = 'done' AND intended_at >= @since
