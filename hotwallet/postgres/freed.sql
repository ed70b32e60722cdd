-- FREED_COINS
-- Which of the coins ($2) were to be spent by what has ended, signed, and the anchor of that.
SELECT c.coin, d.anchor FROM death d CROSS JOIN LATERAL unnest(d.coins) AS c (coin)
WHERE d.chain = $1 AND d.coins && $2 AND c.coin = ANY ($2)
ORDER BY c.coin, d.batch_id
