INSERT INTO config_daemon (instance, defaults, version, wanted, problem, pending, started_at, seen_at)
VALUES (@instance, @defaults, nullif(@version::bigint, -1), @wanted, @problem, @pending, @started_at, @now)
ON CONFLICT (instance) DO UPDATE SET defaults = excluded.defaults, version = excluded.version, wanted = excluded.wanted, problem = excluded.problem,
    pending = excluded.pending, started_at = excluded.started_at, seen_at = excluded.seen_at
