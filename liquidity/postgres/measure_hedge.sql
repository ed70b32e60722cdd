SELECT p.asset, p.units::text, count(o.client_id)
FROM hedge_position p LEFT JOIN hedge_order o ON o.asset = p.asset AND o.state = 'open'
GROUP BY p.asset, p.units
