-- DUST
SELECT cost, threshold FROM dust WHERE chain = $1

-- STORE_DUST
INSERT INTO dust (chain, cost, threshold, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (chain) DO UPDATE SET cost = excluded.cost, threshold = excluded.threshold, at = excluded.at
