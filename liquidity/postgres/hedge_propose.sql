INSERT INTO treasury_proposal (venue, asset, direction, units, reason, proposed_at)
VALUES (@venue, @asset, @direction, @units::numeric, @reason, @now)
ON CONFLICT (venue, asset, direction) WHERE ended_at IS NULL DO UPDATE SET units = excluded.units, reason = excluded.reason
