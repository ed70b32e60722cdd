-- STATUS_CHAINS
-- How far each chain is processed, who writes for it, whether it stands still,
-- and the newest comparison of books and node: of the asset that is off, if one is.
SELECT c.chain, c.height, c.hash, c.time, c.seen_at,
       coalesce(l.holder, ''), coalesce(h.reason, ''), coalesce(h.actor, ''), h.since,
       coalesce(r.asset, ''), r.height, coalesce(r.book::text, ''), coalesce(r.node::text, ''), r.at
FROM cursor c
LEFT JOIN lease l USING (chain)
LEFT JOIN halt h USING (chain)
LEFT JOIN LATERAL (SELECT * FROM reconciliation n WHERE n.chain = c.chain
                   ORDER BY n.book <> n.node DESC, n.asset LIMIT 1) r ON true
ORDER BY c.chain

-- STATUS_HALTS
SELECT chain, reason, actor, since FROM halt ORDER BY chain

-- STATUS_PAYMENTS
SELECT p.order_id, p.chain, p.swap_id, p.purpose,
       ARRAY(SELECT u.deposit_id FROM payment_deposit u WHERE u.order_id = p.order_id ORDER BY 1), p.asset, p.units, p.destination,
       p.state, p.reason, p.queued_at, p.updated_at, coalesce(p.height, 0),
       coalesce(a.n, 0), coalesce(a.state, ''), coalesce(a.txid, ''), coalesce(a.fee, 0), a.nonce,
       a.last_sent_at, coalesce(a.last_answer, '')
FROM payment p LEFT JOIN attempt a USING (batch_id)
WHERE p.state NOT IN ('final', 'failed')
ORDER BY p.queued_at, p.order_id, a.n LIMIT $1

-- STATUS_DEPOSITS
SELECT deposit_id, chain, txid, address, asset, units, purpose, state, first_seen,
       coalesce(height, 0), block_time, confirmed_at
FROM deposit WHERE swap_id = $1 AND swap_id <> ''
ORDER BY first_seen, deposit_id LIMIT $2

-- STATUS_TRIAL_BALANCE
SELECT account, asset, sum(units)::text FROM posting GROUP BY account, asset ORDER BY asset, account
