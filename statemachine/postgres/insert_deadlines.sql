INSERT INTO deadline (swap_id, name, due_at) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
