-- Records that were no facts, counted up to $1.
SELECT count(*) FROM (SELECT FROM malformed_record LIMIT $1) malformed
