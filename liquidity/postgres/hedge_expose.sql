INSERT INTO exposure (swap_id, version, stage, unconfirmed_asset, unconfirmed_units, flows)
VALUES (@swap_id, @version, @stage, nullif(@asset, ''), nullif(@units::numeric, 0), @flows)
ON CONFLICT (swap_id) DO UPDATE SET version = excluded.version, stage = excluded.stage,
    unconfirmed_asset = excluded.unconfirmed_asset, unconfirmed_units = excluded.unconfirmed_units, flows = excluded.flows
