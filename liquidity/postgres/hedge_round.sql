UPDATE hedge_position SET round = round + 1
WHERE asset = @asset AND round = @round AND NOT EXISTS (SELECT FROM hedge_order WHERE asset = @asset AND state = 'open')
