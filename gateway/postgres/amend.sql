-- No row changes where the same request was stored in this version.
INSERT INTO amendment (swap_id, request_hash, version, kind, document, at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (swap_id, request_hash, version) DO NOTHING
