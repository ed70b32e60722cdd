-- What follows the clients' measure (measure_clients.sql) and precedes book.sql, where it is
-- supposed that nothing was promised of the asset since this process's last turn, and that
-- each client has no more open, and has reserved no more, than leaves room for what it asks
-- for. Where either is not so nothing is stored.
, full_clients AS (
    SELECT FROM measured
    JOIN unnest(@asking::text[], @most_open::bigint[], @most_reserved::numeric[]) AS asked (client, most_open, most_reserved) USING (client)
    WHERE measured.open > asked.most_open OR measured.units::numeric > asked.most_reserved
), taken AS (
    UPDATE booking_turn SET turn = @next
    WHERE payout_asset = @payout_asset::text AND turn = @turn AND NOT EXISTS (SELECT FROM full_clients)
    RETURNING turn
)
