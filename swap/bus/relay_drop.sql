-- Published rows are kept a while for people, then dropped: of the oldest $2 those
-- whose time is over, so that one look costs the same however many are kept.
DELETE FROM outbox WHERE id IN (
    SELECT oldest.id
    FROM (SELECT o.id, o.created_at FROM outbox o
          WHERE (o.xid, o.id) <= ((SELECT xid FROM relay_cursor), (SELECT id FROM relay_cursor))
          ORDER BY o.xid, o.id LIMIT $2) AS oldest
    WHERE oldest.created_at < now() - $1::interval)
