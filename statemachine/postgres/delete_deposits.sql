-- Sightings that nothing came of, whose places others took; before these are inserted.
DELETE FROM deposit d USING unnest($1::text[], $2::text[]) AS w (swap_id, deposit_id)
WHERE d.swap_id = w.swap_id AND d.deposit_id = w.deposit_id
