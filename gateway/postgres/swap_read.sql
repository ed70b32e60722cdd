SELECT s.signed_quote, s.signed_receipt, s.created_at, v.body
FROM swap s JOIN swap_view v ON v.swap_id = s.id
WHERE s.id = $1
