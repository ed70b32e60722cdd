INSERT INTO entry (key, kind, swap_id) VALUES (@key, @kind, @swap_id)
