INSERT INTO outbox (topic, key, kind, body)
SELECT topic, key, kind, body
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS m (topic, key, kind, body, n)
ORDER BY n
