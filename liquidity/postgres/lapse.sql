-- The row's own guard is checked again after waiting for an acceptance.
UPDATE lock SET closed_at = @now
WHERE swap_id IS NULL AND closed_at IS NULL AND accept_by <= @now
  AND quote_id IN (SELECT quote_id FROM lock WHERE swap_id IS NULL AND closed_at IS NULL AND accept_by <= @now
                   ORDER BY accept_by LIMIT @most)
