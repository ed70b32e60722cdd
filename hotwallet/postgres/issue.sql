-- DEPOSIT_POOL
SELECT coalesce(max(idx) + 1, 0), count(*) FILTER (WHERE state = 'pool')
FROM address WHERE chain = $1 AND role = 0 AND branch = 0

-- ADD_ADDRESSES
-- An index that exists must be the same address; the caller compares the count.
WITH wanted AS (
    SELECT * FROM unnest($5::integer[], $6::text[], $7::text[]) AS w (idx, path, address)
), added AS (
    INSERT INTO address (chain, role, branch, idx, path, address, state)
    SELECT $1, $2, $3, w.idx, w.path, w.address, $4 FROM wanted w
    ON CONFLICT DO NOTHING
    RETURNING idx
)
SELECT (SELECT count(*) FROM added)
     + (SELECT count(*) FROM wanted w JOIN address a ON a.chain = $1 AND a.role = $2 AND a.branch = $3
            AND a.idx = w.idx AND a.path = w.path AND a.address = w.address)

-- BURN_BELOW
UPDATE address SET state = 'burnt' WHERE chain = $1 AND role = 0 AND state = 'pool' AND idx < $2

-- ISSUED_DEPOSIT
SELECT idx, path, address, terms_hash, coalesce(signed_receipt, ''), chain FROM address WHERE swap_id = $1

-- ISSUE_DEPOSIT
UPDATE address a SET state = 'issued', swap_id = $2, terms_hash = $3, issued_at = $4
FROM (SELECT idx FROM address WHERE chain = $1 AND role = 0 AND branch = 0 AND state = 'pool'
      ORDER BY idx LIMIT 1) lowest
WHERE a.chain = $1 AND a.role = 0 AND a.branch = 0 AND a.idx = lowest.idx AND a.state = 'pool'
RETURNING a.idx, a.path, a.address

-- BURN_ISSUED
UPDATE address SET state = 'burnt', swap_id = NULL, terms_hash = NULL
WHERE chain = $1 AND role = 0 AND branch = 0 AND idx = $2 AND swap_id = $3 AND signed_receipt IS NULL

-- STORE_RECEIPT
UPDATE address SET signed_receipt = $4
WHERE chain = $1 AND role = 0 AND branch = 0 AND idx = $2 AND swap_id = $3
  AND (signed_receipt IS NULL OR signed_receipt = $4)

-- RECEIPT
SELECT coalesce(signed_receipt, '') FROM address WHERE swap_id = $1 AND chain = $2

-- OWN_ADDRESS
-- On any chain: all chains' hot wallets share the schema.
SELECT EXISTS (SELECT 1 FROM address WHERE address = $1)
