-- +goose Up
-- Most locks are never accepted. A lock that was just booked is in three indexes instead of
-- five: by its id, by its client, and here, for the sum of what is promised, for what is at
-- risk, and for whoever closes what has lapsed. It enters those of promises that last when it
-- is accepted. Both are locked in the order in which bookings take them, or one of the two would
-- lose; bookings wait for as long as the three indexes take.
LOCK TABLE promise, lock IN ACCESS EXCLUSIVE MODE;
CREATE INDEX lock_open ON lock (payout_asset, accept_by) WHERE swap_id IS NULL AND closed_at IS NULL;
DROP INDEX lock_lapsed;
DROP INDEX lock_promised;
CREATE INDEX lock_promised ON lock (payout_asset, (coalesce(closed_at, 'infinity'))) WHERE swap_id IS NOT NULL;
DROP INDEX lock_at_risk;
CREATE INDEX lock_at_risk ON lock (pair) WHERE swap_id IS NOT NULL AND closed_at IS NULL AND stage < 2;

-- As before, with open locks and accepted ones apart. What lapsed is closed, can't be accepted
-- any more, and was never paid out of a balance: it is no promise whatever the clock says.
CREATE OR REPLACE VIEW promise AS
SELECT payout_asset, payout_units + network_fee_units AS units, closed_at,
       NULL::timestamptz AS lapses_at, 'payout:' || swap_id AS order_id, stage = 2 AS confirmed
FROM lock WHERE swap_id IS NOT NULL AND NOT variable
UNION ALL
SELECT payout_asset, payout_units + network_fee_units, closed_at, accept_by, NULL, false
FROM lock WHERE swap_id IS NULL AND closed_at IS NULL AND NOT variable
UNION ALL
SELECT payout_asset, payout_units + network_fee_units, closed_at, NULL, order_id, coalesce(stage, 2) = 2
FROM requote WHERE refused IS NULL;
