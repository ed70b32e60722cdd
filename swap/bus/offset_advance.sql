-- Compare-and-set: $4 is the offset the caller started from (0 where no row was),
-- $5 the next one. No row changes when another consumer has been here.
WITH moved AS (
    UPDATE consumer_offset SET next_offset = $5
    WHERE consumer = $1 AND topic = $2 AND partition = $3 AND next_offset = $4
    RETURNING 1
), fresh AS (
    INSERT INTO consumer_offset (consumer, topic, partition, next_offset)
    SELECT $1, $2, $3, $5
    WHERE $4::bigint = 0 AND NOT EXISTS (SELECT 1 FROM moved)
    ON CONFLICT DO NOTHING
    RETURNING 1
)
