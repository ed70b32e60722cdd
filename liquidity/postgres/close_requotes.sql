UPDATE requote SET closed_at = @now WHERE request_id = ANY (@request_ids::text[]) AND closed_at IS NULL
