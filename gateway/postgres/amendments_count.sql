SELECT count(*) FROM amendment WHERE swap_id = $1
