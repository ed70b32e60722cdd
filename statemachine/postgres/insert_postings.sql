INSERT INTO posting (entry_key, n, account, asset, units)
SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::numeric[])
