-- ADD_COINS
-- New, or back in a block. A coin that is in one already, or has another amount, is
-- left out; the caller compares the count.
INSERT INTO coin (chain, txid, idx, units, address, path, coinbase, home, height)
SELECT $1, n.*, $8 FROM unnest($2::text[], $3::bigint[], $4::numeric[], $5::text[], $6::text[], $7::boolean[], $9::text[]) AS n
ON CONFLICT (chain, txid, idx) DO UPDATE SET height = excluded.height, gone_from = NULL
WHERE coin.height IS NULL AND coin.units = excluded.units AND coin.address = excluded.address

-- SPEND_COINS
-- A coin that is unknown or spent is left out; the caller compares the count.
UPDATE coin SET spent_txid = n.spender, spent_height = $5
FROM unnest($2::text[], $3::bigint[], $4::text[]) AS n (txid, idx, spender)
WHERE coin.chain = $1 AND coin.txid = n.txid AND coin.idx = n.idx AND coin.spent_txid IS NULL
RETURNING coin.spent_txid, coin.units

-- UNSPEND_COINS
UPDATE coin SET spent_txid = NULL, spent_height = NULL WHERE chain = $1 AND spent_height = $2

-- KEEP_RESERVED_COINS
-- A payment is or may be signed with them: they are in no block for now.
UPDATE coin SET height = NULL, gone_from = height WHERE chain = $1 AND height = $2 AND reserved_by IS NOT NULL AND spent_txid IS NULL

-- REMOVE_COINS
DELETE FROM coin WHERE chain = $1 AND height = $2 AND reserved_by IS NULL AND spent_txid IS NULL

-- COINS_AT
SELECT count(*) FROM coin WHERE chain = $1 AND height = $2

-- UNSPENT_COINS
SELECT txid || ':' || idx FROM coin WHERE chain = $1 AND spent_txid IS NULL AND height IS NOT NULL

-- COINS_MADE_AT
SELECT txid || ':' || idx FROM coin WHERE chain = $1 AND height = $2
