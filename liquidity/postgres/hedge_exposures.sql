SELECT swap_id, version, flows FROM exposure WHERE swap_id = ANY (@swap_ids::text[])
