-- NAME: CASE_SWAP
SELECT s.state, s.version, s.signed_quote, s.signed_receipt, s.reason, s.created_at, s.updated_at,
       s.amended,
       (SELECT coalesce(jsonb_agg(d.body ORDER BY d.position), '[]') FROM swap.deposit d WHERE d.swap_id = s.id) AS deposits,
       (SELECT coalesce(jsonb_agg(p.body ORDER BY p.position), '[]') FROM swap.payment p WHERE p.swap_id = s.id) AS payments
FROM swap.swap s WHERE s.id = $1

-- NAME: CASE_TIMELINE
-- The newest events; the caller turns them round.
SELECT version, at, source, seq, kind AS fact, from_state, to_state, note
FROM swap.swap_event WHERE swap_id = $1 ORDER BY version DESC LIMIT $2

-- NAME: CASE_PARKED
SELECT swap_id, source, seq, kind AS fact, reason, parked_at
FROM swap.parked_fact WHERE swap_id = $1 ORDER BY parked_at, source, seq LIMIT $2

-- NAME: CASE_BALANCES
SELECT account, asset, owed AS units FROM swap.swap_balance
WHERE account = ANY (ARRAY['swap:' || $1 || ':deposit', 'swap:' || $1 || ':payout', 'swap:' || $1 || ':refund'])
ORDER BY account, asset

-- NAME: CASE_WATCHED
-- What the hot wallet has seen for the swap, told or not.
SELECT deposit_id, chain, txid, address, asset, units, state, first_seen,
       coalesce(height, 0) AS height, confirmed_at
FROM hotwallet.deposit WHERE swap_id = $1 AND swap_id <> ''
ORDER BY first_seen, deposit_id LIMIT $2

-- NAME: CASE_WALLET_PAYMENTS
SELECT order_id, chain, state, reason, txid, fee, coalesce(height, 0) AS height, queued_at, updated_at
FROM hotwallet.payment WHERE swap_id = $1 ORDER BY queued_at, order_id LIMIT $2

-- NAME: CASE_ATTEMPTS
-- Of every batch that was ever made for one of the swap's payments.
SELECT p.order_id, a.n, a.state, a.fee, a.nonce, coalesce(a.txid, '') AS txid, a.planned_at, a.signed_at,
       a.last_sent_at, a.last_answer
FROM hotwallet.payment p JOIN hotwallet.batch b ON b.orders @> ARRAY[p.order_id] JOIN hotwallet.attempt a ON a.batch_id = b.batch_id
WHERE p.swap_id = $1 ORDER BY p.order_id, b.planned_at, a.n LIMIT $2

-- NAME: CASE_ISSUED
SELECT chain, address, path, issued_at FROM hotwallet.address WHERE swap_id = $1
