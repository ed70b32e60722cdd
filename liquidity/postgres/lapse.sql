-- The row's own guard is checked again after waiting for an acceptance. The index of open
-- locks is by asset: whoever books of one has a turn there.
UPDATE lock SET closed_at = @now
WHERE swap_id IS NULL AND closed_at IS NULL AND accept_by <= @now
  AND quote_id IN (SELECT quote_id FROM booking_turn AS t CROSS JOIN LATERAL (
                       SELECT quote_id, accept_by FROM lock
                       WHERE payout_asset = t.payout_asset AND swap_id IS NULL AND closed_at IS NULL AND accept_by <= @now
                       ORDER BY accept_by LIMIT @most) AS lapsed
                   ORDER BY accept_by LIMIT @most)
