-- +goose Up
-- The losses of the last day are summed each few seconds: they must not read the whole book.
CREATE INDEX entry_created ON entry (created_at);
