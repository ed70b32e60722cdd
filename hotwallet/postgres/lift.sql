-- BUILDER
-- The batch that a coin is for.
SELECT reserved_by FROM coin WHERE chain = $1 AND txid = $2 AND idx = $3 AND reserved_by IS NOT NULL

-- FORGET_LIFT
DELETE FROM payment WHERE order_id = $1 AND chain = $2 AND version = $3 AND state = 'queued' AND batch_id IS NULL
  AND purpose = 'sweep' AND swap_id = '' AND body #>> '{house,lifts}' <> ''
