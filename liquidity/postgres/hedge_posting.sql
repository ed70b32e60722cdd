INSERT INTO posting (entry_key, n, account, asset, units)
SELECT @key, n - 1, account, asset, units
FROM unnest(@accounts::text[], @assets::text[], @units::numeric[]) WITH ORDINALITY AS p (account, asset, units, n)
