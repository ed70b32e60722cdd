-- As book_lock.sql has it: a pair and its opposite are one market.
SELECT (SELECT count(pg_advisory_xact_lock(key))
        FROM (SELECT DISTINCT hashtextextended(current_schema() || '/lock/pair/' || pair, 0) AS key
              FROM unnest(@markets::text[]) AS asked (pair) ORDER BY key) AS pairs)
