-- RETURN_NONCE
UPDATE sender SET next_nonce = next_nonce - 1 WHERE chain = $1 AND path = $2 AND next_nonce = $3::bigint + 1

-- SENDER_OF_PATH
SELECT EXISTS (SELECT FROM sender WHERE chain = $1 AND path = $2)

-- GIVE_UP_PAYMENTS
UPDATE payment SET batch_id = NULL, reason = $2, version = version + 1, updated_at = $3 WHERE batch_id = $1 AND state = 'queued'

-- DROP_FIRST
UPDATE attempt SET state = 'dropped' WHERE batch_id = $1 AND n = 1 AND state = 'planned'

-- FORGET_FIRST
DELETE FROM attempt WHERE batch_id = $1 AND n = 1 AND state = 'planned'

-- FORGET_BATCH
DELETE FROM batch WHERE batch_id = $1
