-- Rows after the cursor that no running transaction can still precede, with the
-- number each will carry for ever.
SELECT o.id, o.xid::text, c.seq + row_number() OVER (ORDER BY o.xid, o.id) AS seq,
       o.topic, o.key, o.kind, o.body, o.created_at
FROM relay_cursor c
JOIN outbox o ON (o.xid, o.id) > (c.xid, c.id)
WHERE o.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY o.xid, o.id
LIMIT $1
