SELECT request_id FROM requote WHERE request_id = ANY (@request_ids::text[])
