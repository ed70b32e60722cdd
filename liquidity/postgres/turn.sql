-- The next turn of each asset, in the order of their names.
INSERT INTO booking_turn (payout_asset, turn)
SELECT DISTINCT payout_asset, 1 FROM unnest(@payout_assets::text[]) AS asked (payout_asset) ORDER BY payout_asset
ON CONFLICT (payout_asset) DO UPDATE SET turn = booking_turn.turn + 1
RETURNING turn
