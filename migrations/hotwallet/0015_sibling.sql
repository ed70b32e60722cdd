-- +goose Up
-- A coin at the form that a deposit address of another chain has on this one: bitcoin
-- sent to the older form of a Bitcoin Cash address. home is that other chain, whose key
-- spends the coin, in the refund of that very deposit and in nothing else; '' where the
-- key is this chain's own. path is the key's on its own chain.
ALTER TABLE coin ADD COLUMN home text NOT NULL DEFAULT '';
