-- MEASURE_CHAIN
-- Where the chain of one daemon stands: processed height, seconds since its newest
-- block was processed, whether payments are halted.
SELECT coalesce(c.height, -1), coalesce(extract(epoch FROM now() - c.seen_at), 0)::float8, h.chain IS NOT NULL
FROM (SELECT $1::text AS chain) this
LEFT JOIN cursor c USING (chain) LEFT JOIN halt h USING (chain)

-- MEASURE_COMPARISONS
-- The newest comparison of books and node, for each asset.
SELECT asset, (node - book)::text, extract(epoch FROM now() - at)::float8 FROM reconciliation WHERE chain = $1 ORDER BY asset

-- MEASURE_PAYMENTS
-- Open payments by purpose and state: how many, since how many seconds the oldest
-- was queued, how many stand still for a reason other than that they are deferred until
-- fees fall (payment.ReasonDeferred).
SELECT purpose, state, count(*), coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float8,
       count(*) FILTER (WHERE reason <> '' AND reason NOT LIKE 'fees_above_limit: deferred%')
FROM payment WHERE chain = $1 AND state NOT IN ('final', 'failed')
GROUP BY purpose, state

-- MEASURE_UNMINED
-- Transactions that nodes may have and no block has: how many batches, and since how many
-- seconds the oldest is planned.
SELECT count(*), coalesce(extract(epoch FROM now() - min(planned_at)), 0)::float8
FROM batch WHERE chain = $1 AND state IN ('signed', 'broadcast')

-- MEASURE_PEOPLE
-- Open payments, by purpose, that go on only once somebody has done something: their reason
-- begins with one of $2.
SELECT purpose, count(*) FILTER (WHERE EXISTS (SELECT FROM unnest($2::text[]) r (begins) WHERE starts_with(reason, r.begins)))
FROM payment WHERE chain = $1 AND state NOT IN ('final', 'failed') GROUP BY purpose

-- MEASURE_DEPOSITS
-- Deposits that are not confirmed yet.
SELECT state, count(*) FROM deposit WHERE chain = $1 AND state IN ('seen', 'in_block') GROUP BY state

-- MEASURE_POOL
SELECT count(*) FROM (SELECT FROM address WHERE chain = $1 AND state = 'pool' LIMIT $2) ready

-- MEASURE_LEASE
SELECT EXISTS (SELECT FROM lease WHERE chain = $1 AND token = $2)
