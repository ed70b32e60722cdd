UPDATE lock SET closed_at = @now WHERE swap_id = ANY (@swap_ids::text[]) AND closed_at IS NULL
