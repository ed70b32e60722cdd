-- How sure the deposits have become whose rate was set when they were seen.
UPDATE requote SET stage = u.stage, told = u.version
FROM unnest(@swap_ids::text[], @stages::smallint[], @versions::bigint[]) AS u (swap_id, stage, version)
WHERE requote.swap_id = u.swap_id AND requote.told < u.version AND requote.closed_at IS NULL AND requote.stage IS NOT NULL
