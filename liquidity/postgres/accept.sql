UPDATE lock SET swap_id = @swap_id, accepted_at = @now
WHERE quote_id = @quote_id AND signed_quote = @signed_quote
  AND swap_id IS NULL AND closed_at IS NULL AND accept_by > @now
