-- What is promised of an asset, seen from balances of those times, and how much of it for
-- deposits that are not confirmed.
SELECT coalesce(sum(p.units), 0)::text, coalesce(sum(p.units) FILTER (WHERE NOT p.confirmed), 0)::text
FROM unnest(@balances_at::timestamptz[]) WITH ORDINALITY AS asked (at, n)
LEFT JOIN promise AS p
  ON p.payout_asset = @payout_asset AND coalesce(p.closed_at, 'infinity') >= asked.at
 AND (p.lapses_at IS NULL OR p.lapses_at > @now::timestamptz)
GROUP BY asked.n ORDER BY asked.n
