-- The open requotes of swaps that updates tell of. Locked, so that what is judged is
-- what is closed.
SELECT request_id, swap_id, order_id, deposit_ids, asked, asked_at FROM requote
WHERE swap_id = ANY (@swap_ids::text[]) AND refused IS NULL AND closed_at IS NULL
ORDER BY request_id FOR UPDATE
