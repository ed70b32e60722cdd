SELECT document FROM amendment
WHERE swap_id = $1 AND request_hash = $2 AND version >= $3
ORDER BY version DESC LIMIT 1
