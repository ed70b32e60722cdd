INSERT INTO requote (request_id, swap_id, main, order_id, deposit_ids, asked, asked_at, booked_at,
                     payout_asset, payout_units, network_fee_units, signed_requote, refused, offer_units,
                     stage, pair, deposit_units, client)
VALUES (@request_id, @swap_id, @main, @order_id, @deposit_ids, @asked, @asked_at, @now,
        nullif(@payout_asset, ''), nullif(@payout::numeric, 0), CASE WHEN @payout_asset <> '' THEN @network_fee::numeric END,
        nullif(@signed_requote, ''), nullif(@refused, ''), nullif(@offer::numeric, 0),
        CASE WHEN @pair <> '' THEN 1 END, nullif(@pair, ''), nullif(@deposit::numeric, 0), nullif(@client, ''))
