SELECT version, settings, restores, actor, reason, at FROM config_version ORDER BY version DESC LIMIT 1
