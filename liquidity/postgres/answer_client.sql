-- Whose swap a rate is for, and what of its payout asset that client takes beside it: by open
-- locks, and by accepted ones and other rates whose deposits are not confirmed, as
-- measure_clients.sql counts them. No row where the swap has no lock.
SELECT asking.client,
       ((SELECT coalesce(sum(payout_units + network_fee_units), 0) FROM lock
         WHERE client = asking.client AND closed_at IS NULL AND payout_asset = @payout_asset AND NOT variable
           AND (coalesce(swap_id, '') = '' AND accept_by > @now::timestamptz OR coalesce(swap_id, '') <> '' AND stage < 2))
      + (SELECT coalesce(sum(payout_units + network_fee_units), 0) FROM requote
         WHERE client = asking.client AND closed_at IS NULL AND stage < 2 AND payout_asset = @payout_asset
           AND order_id <> @order_id))::text
FROM lock AS asking WHERE asking.swap_id = @swap_id
