-- NAME: STATUS_RELAYS
-- What each service has to tell and has not published yet, counted up to $1.
SELECT 'gateway' AS schema, l.* FROM (SELECT count(*) AS waiting, min(created_at) AS oldest FROM (
    SELECT o.created_at FROM gateway.relay_cursor c JOIN gateway.outbox o ON (o.xid, o.id) > (c.xid, c.id)
    ORDER BY o.xid, o.id LIMIT $1) w) l
UNION ALL SELECT 'liquidity', l.* FROM (SELECT count(*), min(created_at) FROM (
    SELECT o.created_at FROM liquidity.relay_cursor c JOIN liquidity.outbox o ON (o.xid, o.id) > (c.xid, c.id)
    ORDER BY o.xid, o.id LIMIT $1) w) l
UNION ALL SELECT 'swap', l.* FROM (SELECT count(*), min(created_at) FROM (
    SELECT o.created_at FROM swap.relay_cursor c JOIN swap.outbox o ON (o.xid, o.id) > (c.xid, c.id)
    ORDER BY o.xid, o.id LIMIT $1) w) l
UNION ALL SELECT 'hotwallet', l.* FROM (SELECT count(*), min(created_at) FROM (
    SELECT o.created_at FROM hotwallet.relay_cursor c JOIN hotwallet.outbox o ON (o.xid, o.id) > (c.xid, c.id)
    ORDER BY o.xid, o.id LIMIT $1) w) l

-- NAME: STATUS_PARKED
SELECT swap_id, source, seq, kind AS fact, reason, parked_at FROM swap.parked_fact ORDER BY parked_at, swap_id, seq LIMIT $1

-- NAME: STATUS_MALFORMED
SELECT count(*) AS all, max(at) AS newest FROM swap.malformed_record

-- NAME: STATUS_SWAPS
-- The open ones all, the final ones among the newest 10,000.
SELECT s.state, count(*) AS swaps, min(s.updated_at) AS oldest
FROM swap.open_swap o JOIN swap.swap s ON s.id = o.swap_id GROUP BY s.state
UNION ALL
SELECT state, count(*), min(updated_at) FROM (SELECT state, updated_at FROM swap.swap ORDER BY id DESC LIMIT 10000) newest
WHERE state IN ('settled', 'expired', 'refunded') GROUP BY state

-- NAME: STATUS_OVERDUE
-- Open swaps that may be overdue: their time is over by the deadlines still to
-- come, or they have not moved for the shortest time that anybody is given. The
-- caller looks into the terms of each.
SELECT s.id, s.state, s.version, s.signed_quote, s.signed_receipt, s.reason, s.created_at, s.updated_at
FROM swap.open_swap o JOIN swap.swap s ON s.id = o.swap_id
WHERE s.state = 'awaiting_deposit' AND NOT EXISTS (SELECT 1 FROM swap.deadline d
          WHERE d.swap_id = s.id AND d.name = 'deposit_by' AND d.due_at > $1)
   OR s.state = 'deposit_detected' AND NOT EXISTS (SELECT 1 FROM swap.deadline d
          WHERE d.swap_id = s.id AND d.name = 'confirm_by' AND d.due_at > $1)
   OR s.state IN ('deposit_confirmed', 'payout_queued', 'payout_broadcast', 'refund_queued', 'refund_broadcast', 'held')
          AND s.updated_at < $2
ORDER BY s.updated_at, s.id LIMIT $3

-- NAME: STATUS_CHAINS
-- The dust threshold is missing until the daemon has first looked at the node's fees.
SELECT c.chain, c.height, c.time, c.seen_at, coalesce(l.holder, '') AS holder, d.threshold::text AS dust_threshold
FROM hotwallet.cursor c LEFT JOIN hotwallet.lease l USING (chain) LEFT JOIN hotwallet.dust d USING (chain) ORDER BY c.chain

-- NAME: STATUS_HALTS
SELECT chain, reason, actor, since FROM hotwallet.halt ORDER BY chain

-- NAME: STATUS_PAYMENTS
-- Open payments of each chain and state: how many, since when, how many late. What is
-- deferred until fees fall (package payment) is not late.
SELECT chain, state, count(*) AS payments, min(queued_at) AS oldest,
       count(*) FILTER (WHERE queued_at < $1 AND reason NOT LIKE 'fees_above_limit: deferred%') AS late
FROM hotwallet.payment WHERE state NOT IN ('final', 'failed') GROUP BY chain, state ORDER BY chain, min(queued_at)

-- NAME: STATUS_STUCK
-- Open payments with a reason why they stand still; last those that are deferred until
-- fees fall, which need nobody.
SELECT order_id, swap_id, chain, state, reason, queued_at, reason LIKE 'fees_above_limit: deferred%' AS deferred
FROM hotwallet.payment WHERE state NOT IN ('final', 'failed') AND reason <> ''
ORDER BY deferred, queued_at, order_id LIMIT $1

-- NAME: STATUS_RECONCILIATIONS
SELECT chain, height, asset, book::text, node::text, at FROM hotwallet.reconciliation ORDER BY chain

-- NAME: STATUS_STAFF
SELECT actor, action, target, reason, at FROM hotwallet.staff_action ORDER BY id DESC LIMIT $1
