-- NAME: HEDGE_POSITIONS
SELECT p.asset AS asset, p.units::text AS units, (SELECT count(*) FROM liquidity.hedge_order o WHERE o.asset = p.asset AND o.state = 'open') AS open
FROM liquidity.hedge_position p ORDER BY p.asset

-- NAME: HEDGE_ORDERS
-- Open ones first, then the newest.
SELECT client_id, venue, base || '-' || quote AS instrument, side, trim_scale(size / 10::numeric ^ size_decimals)::text AS size,
       trim_scale(price / 10::numeric ^ price_decimals)::text AS price, trim_scale(coalesce(filled, 0) / 10::numeric ^ size_decimals)::text AS filled,
       state, coalesce(reason, '') AS reason, intended_at
FROM liquidity.hedge_order ORDER BY state = 'open' DESC, intended_at DESC, client_id LIMIT $1

-- NAME: HEDGE_PROPOSALS
SELECT venue, asset, direction, units::text AS units, reason, proposed_at
FROM liquidity.treasury_proposal WHERE ended_at IS NULL ORDER BY venue, asset LIMIT $1

-- NAME: HEDGE_RESULTS
-- What was earned and spent in the last day, in the asset that everything is valued in.
SELECT p.account AS account, sum(p.units)::text AS units
FROM liquidity.entry e JOIN liquidity.posting p ON p.entry_key = e.key
WHERE e.created_at >= $1 AND p.account IN ('spread_earned', 'hedging_cost', 'hedge_fees') AND p.asset = 'BTC'
GROUP BY p.account

-- NAME: HEDGE_SWAPS
-- What each of the newest swaps of the last day brought beyond the fair price, and its share of what hedges cost.
SELECT e.swap_id AS swap_id, (-coalesce(sum(p.units) FILTER (WHERE p.account = 'spread_earned'), 0))::text AS spread,
       coalesce(sum(p.units) FILTER (WHERE p.account = 'swap_hedging'), 0)::text AS cost
FROM liquidity.entry e JOIN liquidity.posting p ON p.entry_key = e.key
WHERE e.created_at >= $1 AND e.swap_id <> '' AND p.account IN ('spread_earned', 'swap_hedging') AND p.asset = 'BTC'
GROUP BY e.swap_id ORDER BY max(e.created_at) DESC, e.swap_id LIMIT $2
