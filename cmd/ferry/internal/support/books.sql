-- NAME: TRIAL_BALANCE
-- The accounts of swaps are one line for each kind. Debits are positive.
SELECT 'hot wallet' AS book, account, asset, sum(units)::text AS units FROM hotwallet.posting GROUP BY account, asset
UNION ALL
SELECT 'state machine', CASE WHEN account LIKE 'swap:%' THEN 'swaps, ' || split_part(account, ':', 3) ELSE account END AS account,
       asset, sum(units)::text
FROM swap.posting GROUP BY 2, 3
ORDER BY book, asset, account

-- NAME: SWAPS_OWED
-- The running balances that guard payouts, to be compared with the postings.
SELECT asset, sum(owed)::text AS units FROM swap.swap_balance GROUP BY asset

-- NAME: CLEARING_OPEN
-- Entries on the clearing account of one book without their counterpart in the
-- other: what the hot wallet has booked and the state machine has not been told
-- of yet. Anything else in this list is wrong. The counterparts are named by key:
-- deposit.confirmed:<deposit> and deposit:<deposit>, payment.final:<order> and
-- paid:<order>. What a reorganisation has undone (reversed:<key>) or brought about
-- again (<key>#2) is summed up with its first time.
WITH wallet AS (
    SELECT regexp_replace(regexp_replace(regexp_replace(e.key, '^reversed:|#[0-9]+$', '', 'g'),
               '^deposit\.confirmed:', 'deposit:'), '^payment\.final:', 'paid:') AS key,
           p.asset, sum(p.units) AS units, min(e.swap_id) AS swap_id, min(e.created_at) AS at
    FROM hotwallet.posting p JOIN hotwallet.entry e ON e.key = p.entry_key
    WHERE p.account = 'clearing' GROUP BY 1, 2
), machine AS (
    SELECT regexp_replace(e.key, '^reversed:|#[0-9]+$', '', 'g') AS key,
           p.asset, sum(p.units) AS units, min(e.swap_id) AS swap_id, min(e.created_at) AS at
    FROM swap.posting p JOIN swap.entry e ON e.key = p.entry_key
    WHERE p.account = 'clearing' GROUP BY 1, 2
)
, open AS (
    SELECT key, asset, coalesce(w.units, 0) AS wallet, coalesce(m.units, 0) AS machine,
           coalesce(w.swap_id, m.swap_id) AS swap_id, coalesce(w.at, m.at) AS at,
           w.key IS NULL AND EXISTS (SELECT 1 FROM hotwallet.recovery r JOIN unnest($2::text[], $3::text[]) AS a (name, chain) USING (chain)
                                     WHERE a.name = asset AND m.at < r.started_at) AS lost
    FROM wallet w FULL JOIN machine m USING (key, asset)
    WHERE coalesce(w.units, 0) + coalesce(m.units, 0) <> 0
)
-- What the hot wallet had booked before its recovery is lost: one sum for each asset.
SELECT 'before the recovery' AS key, asset, '0' AS wallet, sum(machine)::text AS machine, '' AS swap_id, min(at) AS at, true AS lost
FROM open WHERE lost GROUP BY asset
UNION ALL
SELECT key, asset, wallet::text, machine::text, swap_id, at, false FROM open WHERE NOT lost
ORDER BY at, key LIMIT $1
