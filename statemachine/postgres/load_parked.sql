SELECT swap_id, source, seq, fact FROM parked_fact WHERE swap_id = ANY ($1) ORDER BY swap_id, parked_at, source, seq
