-- NAME: CONFIG_VERSIONS
-- The newest first, from a version down.
SELECT version, settings::text AS settings, restores, actor, reason, at FROM liquidity.config_version WHERE version <= $1 ORDER BY version DESC LIMIT $2

-- NAME: CONFIG_DAEMONS
-- What each daemon says it runs; those heard of last come first.
SELECT instance, defaults::text AS defaults, version, wanted, problem, pending, started_at, seen_at
FROM liquidity.config_daemon ORDER BY seen_at DESC, instance LIMIT $1
