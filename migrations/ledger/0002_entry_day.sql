-- +goose Up
-- The books of one day are asked for by time. Entries are only ever added, about in
-- the order of their times, so that a summary of each range of pages is enough to
-- find a day, and costs their writers nothing.
CREATE INDEX entry_day ON entry USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);
