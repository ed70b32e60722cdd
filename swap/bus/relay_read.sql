-- Rows after the cursor that no running transaction can still precede, with the
-- number each will carry for ever. The cursor is read by subqueries, not by a
-- join: only so does the index start there, and not at the oldest row kept.
SELECT o.id, o.xid::text, (SELECT seq FROM relay_cursor) + row_number() OVER (ORDER BY o.xid, o.id) AS seq,
       o.topic, o.key, o.kind, o.body, o.created_at
FROM outbox o
WHERE (o.xid, o.id) > ((SELECT xid FROM relay_cursor), (SELECT id FROM relay_cursor))
  AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY o.xid, o.id
LIMIT $1
