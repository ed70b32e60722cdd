-- Stores the lock if it fits, and tells what it was measured against. Runs under
-- the locks of book_lock.sql, in a statement after them: its snapshot is younger.
WITH promised AS (
    SELECT coalesce(sum(units), 0) AS units FROM promise
    WHERE payout_asset = @payout_asset
      AND coalesce(closed_at, 'infinity') >= @balance_at::timestamptz
      AND (lapses_at IS NULL OR lapses_at > @now::timestamptz)
), mine AS (
    SELECT count(*) AS locks FROM lock
    WHERE client = @client AND swap_id IS NULL AND closed_at IS NULL AND accept_by > @now::timestamptz
), booked AS (
    INSERT INTO lock (quote_id, pair, payout_asset, deposit_units, payout_units, service_fee_units,
                      network_fee_units, refund_fee_max_units, client, issued_at, accept_by, signed_quote)
    SELECT @quote_id::text, @pair::text, @payout_asset::text, @deposit::numeric, @payout::numeric, @service_fee::numeric,
           @network_fee::numeric, @refund_fee_max::numeric, @client::text, @issued_at::timestamptz, @accept_by::timestamptz, @signed_quote::text
    FROM promised, mine
    WHERE promised.units + @payout::numeric + @network_fee::numeric <= @available::numeric
      AND mine.locks < @max_locks::bigint
      AND @accept_by::timestamptz > @now::timestamptz
    RETURNING 1
)
SELECT promised.units::text, mine.locks, (SELECT count(*) FROM booked) FROM promised, mine
