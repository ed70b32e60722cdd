-- NAME: PAYMENTS
-- Payments of a chain ($1), of a purpose ($2), '' for all: those that are open or failed
-- ($3), and of these only those that somebody should look at ($4): they stand still, have
-- failed, or are in no block although they were queued before $5. Those come first, and
-- the oldest of them. What a payment offers is its newest signed attempt's: one that was
-- dropped unsigned, or is only planned, says nothing of the one before it.
SELECT * FROM (
    SELECT p.order_id, coalesce(p.swap_id, '') AS swap_id, p.chain, p.purpose, p.asset, p.units, p.destination, p.state, p.reason,
           p.queued_at, p.updated_at, p.retry, coalesce(p.height, 0) AS height,
           coalesce((SELECT count(*) FROM hotwallet.attempt t JOIN hotwallet.batch b USING (batch_id)
               WHERE b.orders @> ARRAY[p.order_id]), 0) AS attempts,
           CASE WHEN p.txid <> '' THEN p.txid ELSE coalesce(a.txid, '') END AS txid,
           CASE WHEN p.height IS NOT NULL THEN p.fee ELSE coalesce(a.fee, 0) END AS fee, coalesce(a.last_answer, '') AS last_answer,
           p.state = 'failed' OR p.state IN ('queued', 'signed', 'broadcast') AND (p.reason <> '' OR p.queued_at < $5) AS stuck
    FROM hotwallet.payment p
    LEFT JOIN LATERAL (SELECT txid, fee, last_answer FROM hotwallet.attempt
        WHERE batch_id = p.batch_id AND state <> 'dropped' ORDER BY txid IS NULL, n DESC LIMIT 1) a ON true
    WHERE ($1 = '' OR p.chain = $1) AND ($2 = '' OR p.purpose = $2) AND (NOT $3 OR p.state <> 'final')
) listed
WHERE NOT $4 OR stuck
ORDER BY stuck DESC, CASE WHEN stuck THEN queued_at END, queued_at DESC, order_id LIMIT $6

-- NAME: PAYMENT
SELECT p.order_id, coalesce(p.swap_id, '') AS swap_id, p.chain, p.purpose, p.asset, p.units, p.destination, p.state, p.reason,
       p.queued_at, p.updated_at, p.retry, coalesce(p.height, 0) AS height, 0::bigint AS attempts, p.txid, p.fee, '' AS last_answer,
       p.state = 'failed' OR p.state IN ('queued', 'signed', 'broadcast') AND (p.reason <> '' OR p.queued_at < $2) AS stuck
FROM hotwallet.payment p WHERE p.order_id = $1

-- NAME: PAYMENT_ATTEMPTS
-- Of every batch that was ever made for it, with what the batch paid besides and how it ended.
SELECT b.batch_id, b.state AS batch_state, cardinality(b.orders) AS payments, a.n, a.state, a.reason, coalesce((a.plan ->> 'rate')::numeric::text, '') AS rate, a.fee, a.sender, a.nonce,
       coalesce(a.txid, '') AS txid, a.planned_at, a.signed_at, a.last_sent_at, a.last_answer,
       coalesce(d.spender, '') AS ended_by, coalesce(d.height, 0) AS ended_at
FROM hotwallet.batch b JOIN hotwallet.attempt a USING (batch_id) LEFT JOIN hotwallet.death d USING (batch_id)
WHERE b.orders @> ARRAY[$1] ORDER BY b.planned_at, b.batch_id, a.n LIMIT $2

-- NAME: PAYMENT_PLANS
-- What was planned and signed for a payment, of so many transactions as PAYMENT_ATTEMPTS
-- lists and in that order.
SELECT b.batch_id, a.n, b.chain, a.state, a.plan, a.raw, coalesce(a.txid, '') AS txid
FROM hotwallet.batch b JOIN hotwallet.attempt a USING (batch_id)
WHERE b.orders @> ARRAY[$1] ORDER BY b.planned_at, b.batch_id, a.n LIMIT $2
