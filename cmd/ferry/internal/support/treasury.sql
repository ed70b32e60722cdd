-- NAME: FUND_ADDRESS
SELECT address FROM hotwallet.address WHERE chain = $1 AND role = 1 AND branch = 0 AND idx = 0

-- NAME: TREASURY_TOKENS
-- Those of the given assets that the hot wallet has ever booked.
SELECT a.asset FROM unnest($1::text[]) WITH ORDINALITY AS a (asset, n)
WHERE EXISTS (SELECT 1 FROM hotwallet.posting p WHERE p.asset = a.asset) ORDER BY a.n

-- NAME: TREASURY_CHAIN
-- One chain and one of its assets, $2; fees are paid in it if it is native ($4).
-- Coins are spendable $3 blocks deep (a coinbase output by the 100th block after its own); the sender of an account
-- chain can spend what it holds itself, less what is not deep enough and what payments with a plan will take.
WITH book AS (
    SELECT coalesce(sum(units) FILTER (WHERE account IN ('wallet', 'in_flight')), 0) AS on_chain,
           coalesce(sum(units) FILTER (WHERE account = 'in_flight'), 0) AS in_flight,
           coalesce(-sum(units) FILTER (WHERE account = 'deposit_confirming'), 0) AS confirming_in,
           coalesce(sum(units) FILTER (WHERE account = 'payment_confirming'), 0) AS confirming_out,
           coalesce(-sum(units) FILTER (WHERE account = 'suspense'), 0) AS suspense,
           coalesce(-sum(units) FILTER (WHERE account = 'house_capital'), 0) AS house_capital,
           coalesce(sum(units) FILTER (WHERE account = 'network_fees'), 0) AS network_fees
    FROM hotwallet.posting
    WHERE asset = $2 AND account IN ('wallet', 'in_flight', 'deposit_confirming', 'payment_confirming',
                                     'suspense', 'house_capital', 'network_fees')
), coins AS (
    SELECT coalesce(sum(c.units) FILTER (WHERE c.reserved_by IS NULL AND c.height <= u.height - $3::bigint + 1
                                           AND (NOT c.coinbase OR c.height <= u.height - 99)), 0) AS spendable,
           coalesce(sum(c.units) FILTER (WHERE c.reserved_by IS NOT NULL), 0) AS reserved
    FROM hotwallet.coin c JOIN hotwallet.cursor u ON u.chain = c.chain
    WHERE c.chain = $1 AND c.spent_txid IS NULL
), sender AS (
    SELECT s.chain,
           (SELECT greatest(0, coalesce(sum(h.units), 0)) FROM hotwallet.holding h
            WHERE h.chain = s.chain AND h.asset = $2 AND h.address <> s.address) AS unswept,
           (SELECT greatest(0, coalesce(sum(h.units), 0)) FROM hotwallet.holding h
            WHERE h.chain = s.chain AND h.asset = $2 AND h.address = s.address) AS held,
           (SELECT coalesce(sum(d.units), 0) FROM hotwallet.deposit d
            WHERE d.chain = s.chain AND d.asset = $2 AND d.state = 'in_block' AND d.address = s.address) AS shallow,
           (SELECT coalesce(sum(CASE WHEN p.asset = $2 THEN p.units ELSE 0 END + CASE WHEN $4 THEN a.fee ELSE 0 END), 0)
            FROM hotwallet.payment p JOIN LATERAL (SELECT fee FROM hotwallet.attempt WHERE batch_id = p.batch_id AND state <> 'dropped' ORDER BY n DESC LIMIT 1) a ON true
            WHERE p.chain = s.chain AND p.state IN ('queued', 'signed', 'broadcast') AND p.purpose <> 'sweep') AS reserved,
           (SELECT coalesce(sum(p.units), 0) FROM hotwallet.payment p WHERE p.chain = s.chain AND p.asset = $2
              AND p.state = 'confirmed' AND p.purpose = 'sweep' AND NOT p.mined_failed) AS arriving
    FROM hotwallet.sender s WHERE s.chain = $1
), queued AS (
    -- Payments without a plan will take this much as well.
    SELECT coalesce(sum(p.units), 0) AS units FROM hotwallet.payment p
    WHERE p.chain = $1 AND p.asset = $2 AND p.state = 'queued' AND p.purpose <> 'sweep'
      AND p.batch_id IS NULL
)
SELECT b.on_chain::text, b.in_flight::text, b.confirming_in::text, b.confirming_out::text, b.suspense::text,
       b.house_capital::text, b.network_fees::text,
       greatest(0, CASE WHEN s.chain IS NULL THEN c.spendable
                        ELSE s.held - s.shallow - s.arriving - s.reserved END - q.units)::text AS available,
       coalesce(s.reserved, c.reserved)::text AS reserved,
       coalesce(s.unswept, 0)::text AS unswept, coalesce(s.held, 0)::text AS on_sender,
       u.height, u.seen_at, coalesce(h.reason, '') AS halted, coalesce(h.actor, '') AS halted_by, h.since AS halted_since,
       r.height AS reconciled_height, r.book::text, r.node::text, r.at AS reconciled_at
FROM book b CROSS JOIN coins c CROSS JOIN queued q
LEFT JOIN sender s ON true
LEFT JOIN hotwallet.cursor u ON u.chain = $1
LEFT JOIN hotwallet.halt h ON h.chain = $1
LEFT JOIN hotwallet.reconciliation r ON r.chain = $1 AND r.asset = $2
