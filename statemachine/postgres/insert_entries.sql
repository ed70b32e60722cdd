INSERT INTO entry (key, kind, swap_id) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
