SELECT swap_id, pair, deposit_units::text, payout_units::text FROM lock WHERE swap_id = ANY (@swap_ids::text[]) AND NOT variable
