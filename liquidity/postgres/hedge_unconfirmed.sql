SELECT coalesce(sum(unconfirmed_units), 0)::text FROM exposure WHERE unconfirmed_asset = @asset AND swap_id <> @swap_id
