-- What pairs have at risk: of each lock whose deposit is not confirmed, deposit and payout
-- × the seconds until it must be seen. How long one that was seen takes to confirm is not
-- known: at least ten minutes are counted, as for a rate that was set when one was seen. A
-- rate that is promised for @order_id ('' for none) is left out: the one that is measured
-- takes its place.
SELECT pair, coalesce(sum(deposit_units * seconds), 0)::text, coalesce(sum(payout_units * seconds), 0)::text
FROM (SELECT pair, deposit_units, payout_units,
             greatest(ceil(extract(epoch FROM coalesce(deposit_by, accept_by) - @now::timestamptz)),
                      CASE WHEN stage = 1 THEN 600 ELSE 0 END) AS seconds
      FROM lock
      WHERE (@pairs::text[] IS NULL OR pair = ANY (@pairs::text[])) AND swap_id IS NOT NULL AND closed_at IS NULL AND stage < 2 AND NOT variable
      UNION ALL
      SELECT pair, deposit_units, payout_units, greatest(ceil(extract(epoch FROM coalesce(deposit_by, accept_by) - @now::timestamptz)), 0)
      FROM lock
      WHERE (@pairs::text[] IS NULL OR pair = ANY (@pairs::text[])
                                   AND payout_asset = ANY (SELECT split_part(name, '-', 2) FROM unnest(@pairs::text[]) AS asked (name)))
        AND swap_id IS NULL AND closed_at IS NULL AND accept_by > @now::timestamptz AND NOT variable
      UNION ALL
      SELECT pair, deposit_units, payout_units, 600 FROM requote
      WHERE (@pairs::text[] IS NULL OR pair = ANY (@pairs::text[])) AND closed_at IS NULL AND stage < 2
        AND order_id <> @order_id) AS open
GROUP BY pair
