UPDATE treasury_proposal SET ended_at = greatest(@now, proposed_at)
WHERE venue = @venue AND ended_at IS NULL AND asset || ' ' || direction <> ALL (@kept::text[])
