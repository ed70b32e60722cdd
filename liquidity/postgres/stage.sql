-- How sure locks have become, from the newest update of each swap.
UPDATE lock SET stage = u.stage, told = u.version
FROM unnest(@swap_ids::text[], @stages::smallint[], @versions::bigint[]) AS u (swap_id, stage, version)
WHERE lock.swap_id = u.swap_id AND lock.told < u.version AND lock.closed_at IS NULL
