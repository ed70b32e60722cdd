-- +goose Up
-- Also what attempts without bytes were to spend: the signer may have signed one whose answer was lost.
UPDATE death d SET coins = ARRAY(SELECT DISTINCT (c ->> 'txid') || ':' || (c ->> 'index')
    FROM attempt a CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(a.plan -> 'coins', 'null'), '[]')) AS c
    WHERE a.batch_id = d.batch_id);
