-- One change of the hedges' book at a time: caps and rounds are compared with all others.
SELECT pg_advisory_xact_lock(hashtextextended('hedge:' || current_schema(), 0))
