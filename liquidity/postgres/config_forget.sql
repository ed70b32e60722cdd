DELETE FROM config_daemon WHERE seen_at < @before
