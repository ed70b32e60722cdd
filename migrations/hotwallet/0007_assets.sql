-- +goose Up
-- A chain may have several assets: its own, and the tokens whose contracts are pinned.
-- Books and node are compared for each of them.
ALTER TABLE reconciliation DROP CONSTRAINT reconciliation_pkey;
ALTER TABLE reconciliation ADD PRIMARY KEY (chain, asset);
-- What lies where on an account chain, of one asset.
DROP INDEX deposit_held;
CREATE INDEX deposit_held ON deposit (chain, asset, address) INCLUDE (units) WHERE state IN ('in_block', 'confirmed');
