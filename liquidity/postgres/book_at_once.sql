-- The beginning of book.sql where it is supposed that nothing was promised of the asset
-- since this process's last turn, and that each client has no more open, and has reserved no
-- more, than leaves room for what it asks for. Where either is not so nothing is stored. A
-- client's locks are asked for as in measure_clients.sql.
WITH full_clients AS (
    SELECT asked.client
    FROM unnest(@asking::text[], @most_open::bigint[], @most_reserved::numeric[]) AS asked (client, most_open, most_reserved)
    CROSS JOIN LATERAL (
        SELECT count(*) AS n, coalesce(sum(payout_units + network_fee_units) FILTER (WHERE payout_asset = @payout_asset::text), 0) AS units
        FROM lock
        WHERE lock.client = asked.client AND closed_at IS NULL AND coalesce(swap_id, '') = '' AND accept_by > @now::timestamptz
    ) AS open
    WHERE open.n > asked.most_open OR open.units > asked.most_reserved
), taken AS (
    UPDATE booking_turn SET turn = turn + 1
    WHERE payout_asset = @payout_asset::text AND turn = @turn AND NOT EXISTS (SELECT FROM full_clients)
    RETURNING turn
)
