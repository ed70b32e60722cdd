-- What all swaps and fills booked since a time have changed of what the house holds.
SELECT p.asset, sum(p.units)::text
FROM entry e JOIN posting p ON p.entry_key = e.key
WHERE e.created_at >= @since AND p.account = 'position'
GROUP BY p.asset
