INSERT INTO swap (id, signed_quote, signed_receipt, quote_id, deposit_chain, deposit_address, secret_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
