-- Published rows are kept a while for people, then dropped a bounded number at a time.
DELETE FROM outbox WHERE id IN (
    SELECT o.id FROM outbox o, relay_cursor c
    WHERE (o.xid, o.id) <= (c.xid, c.id) AND o.created_at < now() - $1::interval
    ORDER BY o.xid, o.id LIMIT $2)
