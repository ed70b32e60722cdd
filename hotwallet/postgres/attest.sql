-- DEPOSIT_BLOCKS
-- Where an order's deposits are confirmed, as CONFIRMED_DEPOSITS finds them.
SELECT d.deposit_id, d.height, d.block_hash
FROM deposit d JOIN unnest($1::text[], $3::text[], $4::numeric[]) AS w (deposit_id, asset, units) USING (deposit_id)
WHERE d.swap_id = $2 AND d.asset = w.asset AND d.units = w.units AND d.state = 'confirmed'
