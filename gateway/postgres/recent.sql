-- Identifiers sort by age, and have an index.
SELECT s.signed_quote, s.created_at, v.body
FROM swap s JOIN swap_view v ON v.swap_id = s.id
ORDER BY s.id DESC LIMIT $1
