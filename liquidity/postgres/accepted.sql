-- Why accept.sql changed nothing.
SELECT coalesce(swap_id, '') FROM lock WHERE quote_id = @quote_id AND signed_quote = @signed_quote
