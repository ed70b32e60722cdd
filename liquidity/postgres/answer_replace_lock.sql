-- Ends the lock of the swap whose main leg is promised anew.
UPDATE lock SET closed_at = @now WHERE swap_id = @swap_id AND closed_at IS NULL
