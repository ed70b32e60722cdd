-- +goose Up
-- What the signed attempts of a batch that has ended spend, "<txid>:<index>": each payment that is
-- signed asks who else was to spend its coins, and plans need not be read for that.
ALTER TABLE death ADD COLUMN coins text[] NOT NULL DEFAULT '{}';
UPDATE death d SET coins = ARRAY(SELECT DISTINCT (c ->> 'txid') || ':' || (c ->> 'index')
    FROM attempt a CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(a.plan -> 'coins', 'null'), '[]')) AS c
    WHERE a.batch_id = d.batch_id AND a.raw IS NOT NULL);
CREATE INDEX death_coins ON death USING gin (coins);
