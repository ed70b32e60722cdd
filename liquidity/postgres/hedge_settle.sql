UPDATE hedge_order SET state = @state, venue_order_id = nullif(@venue_order_id, ''), filled = @filled::numeric, reason = nullif(@reason, ''), settled_at = @at
WHERE client_id = @client_id AND state = 'open'
