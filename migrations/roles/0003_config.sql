-- +goose Up
-- A configuration is written by its function only, not by the daemon that runs it.
REVOKE INSERT, UPDATE, DELETE ON liquidity.config_version FROM ferry_liquidity;
