-- What has been told and not published, counted up to $1, and the age of the oldest.
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
FROM (SELECT o.created_at FROM relay_cursor c JOIN outbox o ON (o.xid, o.id) > (c.xid, c.id)
      ORDER BY o.xid, o.id LIMIT $1) waiting
