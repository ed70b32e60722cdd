-- NAME: FIND_TEXT
-- By what somebody can hold in their hands: $1 are the spellings of one id,
-- address or transaction. Every branch is one look into an index. The last two
-- find what belongs to no swap.
WITH hit (swap_id, what, detail) AS (
    SELECT id, 'swap id', '' FROM swap.swap WHERE id = ANY ($1::text[])
    UNION ALL SELECT id, 'quote id', '' FROM swap.swap WHERE quote_id = ANY ($1)
    UNION ALL SELECT id, 'deposit address', '' FROM swap.swap WHERE deposit_address = ANY ($1)
    UNION ALL (SELECT id, 'payout address', '' FROM swap.swap WHERE payout_address = ANY ($1) ORDER BY id DESC LIMIT $3)
    UNION ALL (SELECT id, 'refund address', '' FROM swap.swap WHERE refund_address = ANY ($1) ORDER BY id DESC LIMIT $3)
    -- A deposit's id is "<chain>:<txid>:<index>": $2 are the transactions in it.
    UNION ALL (SELECT swap_id, 'deposit', deposit_id FROM swap.deposit
               WHERE txid = ANY ($2::text[]) AND (txid = ANY ($1) OR deposit_id = ANY ($1)) ORDER BY swap_id DESC LIMIT $3)
    UNION ALL SELECT swap_id, 'payment', order_id FROM swap.payment WHERE order_id = ANY ($1)
    UNION ALL (SELECT swap_id, 'payment', order_id FROM swap.payment
               WHERE txid = ANY ($2) AND txid <> '' AND txid = ANY ($1) ORDER BY swap_id DESC LIMIT $3)
    -- Every transaction ever made for a payment, also one that no block holds.
    UNION ALL (SELECT p.swap_id, 'payment attempt ' || a.n, p.order_id
               FROM hotwallet.attempt a JOIN hotwallet.batch b USING (batch_id) JOIN hotwallet.payment p ON p.order_id = ANY (b.orders)
               WHERE a.chain = ANY ($4::text[]) AND a.txid = ANY ($1) LIMIT $3)
    UNION ALL (SELECT swap_id, CASE purpose WHEN 'swap' THEN 'deposit' ELSE purpose || ' deposit' END, deposit_id
               FROM hotwallet.deposit
               WHERE txid = ANY ($2) AND (txid = ANY ($1) OR deposit_id = ANY ($1)) ORDER BY swap_id DESC LIMIT $3)
    UNION ALL SELECT coalesce(swap_id, ''), CASE state WHEN 'issued' THEN 'deposit address'
                   WHEN 'hot' THEN 'treasury''s own address' ELSE 'own address, ' || state END, path
               FROM hotwallet.address WHERE chain = ANY ($4) AND address = ANY ($1)
)
SELECT h.swap_id, h.what, min(h.detail) AS detail, coalesce(s.state, '') AS state,
       coalesce(s.pair, '') AS pair, s.created_at, s.updated_at
FROM hit h LEFT JOIN swap.swap s ON s.id = h.swap_id
GROUP BY h.swap_id, h.what, s.state, s.pair, s.created_at, s.updated_at
ORDER BY h.swap_id DESC, h.what LIMIT $3

-- NAME: FIND_AMOUNT
-- By exact amount in one asset ($1, in base units $2): quoted, deposited or paid.
WITH hit (swap_id, what, detail) AS (
    (SELECT id, 'quoted deposit', '' FROM swap.swap
     WHERE deposit_units = $2::numeric AND split_part(pair, '-', 1) = $1::text ORDER BY id DESC LIMIT $3)
    UNION ALL (SELECT id, 'quoted payout', '' FROM swap.swap
     WHERE payout_units = $2 AND split_part(pair, '-', 2) = $1 ORDER BY id DESC LIMIT $3)
    UNION ALL (SELECT swap_id, 'deposit', deposit_id FROM swap.deposit
     WHERE units = $2 AND body #>> '{amount,asset}' = $1 ORDER BY swap_id DESC LIMIT $3)
    UNION ALL (SELECT swap_id, purpose, order_id FROM swap.payment
     WHERE units = $2 AND body #>> '{amount,asset}' = $1 ORDER BY swap_id DESC LIMIT $3)
)
SELECT h.swap_id, h.what, min(h.detail) AS detail, coalesce(s.state, '') AS state,
       coalesce(s.pair, '') AS pair, s.created_at, s.updated_at
FROM hit h LEFT JOIN swap.swap s ON s.id = h.swap_id
GROUP BY h.swap_id, h.what, s.state, s.pair, s.created_at, s.updated_at
ORDER BY h.swap_id DESC, h.what LIMIT $3
