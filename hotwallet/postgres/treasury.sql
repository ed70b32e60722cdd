-- ADD_SENDER
-- A sender that exists must be the same; the caller compares the count.
WITH added AS (
    INSERT INTO sender (chain, address, path, next_nonce) VALUES ($1, $2, $3, 0)
    ON CONFLICT (chain) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM added)
     + (SELECT count(*) FROM sender WHERE chain = $1 AND address = $2 AND path = $3)

-- BOOK_SUMS
-- In the sense in which each account normally stands: assets and costs by debits,
-- the rest by credits.
SELECT coalesce(sum(units) FILTER (WHERE account IN ('wallet', 'in_flight')), 0)::text,
       coalesce(sum(units) FILTER (WHERE account = 'in_flight'), 0)::text,
       coalesce(-sum(units) FILTER (WHERE account = 'deposit_confirming'), 0)::text,
       coalesce(sum(units) FILTER (WHERE account = 'payment_confirming'), 0)::text,
       coalesce(-sum(units) FILTER (WHERE account = 'suspense'), 0)::text,
       coalesce(-sum(units) FILTER (WHERE account = 'house_capital'), 0)::text,
       coalesce(sum(units) FILTER (WHERE account = 'network_fees'), 0)::text
FROM posting WHERE asset = $1

-- BALANCE_COINS
-- What another chain's keys hold is nobody's to pay with.
SELECT coalesce(sum(c.units) FILTER (WHERE c.home = '' AND c.reserved_by IS NULL AND c.height <= u.height - $2 + 1
                                       AND (NOT c.coinbase OR c.height <= u.height - 99)), 0),
       coalesce(sum(c.units) FILTER (WHERE c.reserved_by IS NOT NULL), 0)
FROM coin c JOIN cursor u ON u.chain = c.chain
WHERE c.chain = $1 AND c.spent_txid IS NULL AND c.height IS NOT NULL

-- BALANCE_RESERVED
-- Amounts in the asset $2, and fees where these are paid in it ($3).
SELECT coalesce(sum(CASE WHEN p.asset = $2 THEN p.units ELSE 0 END + CASE WHEN $3 THEN a.fee ELSE 0 END), 0)
FROM payment p JOIN LATERAL (SELECT fee FROM attempt WHERE batch_id = p.batch_id AND state <> 'dropped' ORDER BY n DESC LIMIT 1) a ON true
WHERE p.chain = $1 AND p.state IN ('queued', 'signed', 'broadcast') AND p.purpose <> 'sweep'

-- BALANCE_PLACES
-- What lies on the sender, and on the other addresses, which can't pay by themselves.
SELECT greatest(0, coalesce(sum(h.units) FILTER (WHERE h.address = s.address), 0)),
       greatest(0, coalesce(sum(h.units) FILTER (WHERE h.address <> s.address), 0))
FROM holding h JOIN sender s ON s.chain = h.chain WHERE h.chain = $1 AND h.asset = $2

-- BALANCE_QUEUED
-- What payments without a plan will take of the asset $2, and how many of them are in
-- another one. Those that a recovery keeps back (KEEP_BACK) take nothing, nor do sweeps,
-- which bring.
SELECT coalesce(sum(p.units) FILTER (WHERE p.asset = $2), 0), count(*) FILTER (WHERE p.asset <> $2) FROM payment p
WHERE p.chain = $1 AND p.state = 'queued' AND p.purpose <> 'sweep'
  AND p.queued_at >= coalesce((SELECT r.started_at FROM recovery r WHERE r.chain = $1), '-infinity')
  AND p.batch_id IS NULL

-- BALANCE_STATE
SELECT coalesce((SELECT height FROM cursor WHERE chain = $1), -1),
       coalesce((SELECT reason FROM halt WHERE chain = $1), '')

-- RESUME
DELETE FROM halt WHERE chain = $1
