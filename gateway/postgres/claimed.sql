SELECT swap_id, request_hash, response FROM idempotency WHERE key_hash = $1
