INSERT INTO lock (quote_id, pair, payout_asset, deposit_units, payout_units, service_fee_units, network_fee_units,
                  refund_fee_max_units, client, issued_at, accept_by, deposit_by, signed_quote, variable)
SELECT quote_id, pair, @payout_asset::text, deposit, payout, service_fee, network_fee, refund_fee_max, client, issued_at,
       accept_by, deposit_by, signed_quote, variable
FROM unnest(@quote_ids::text[], @pairs::text[], @deposits::numeric[], @payouts::numeric[], @service_fees::numeric[],
            @network_fees::numeric[], @refund_fees_max::numeric[], @clients::text[], @issued_at::timestamptz[],
            @accept_by::timestamptz[], @deposit_by::timestamptz[], @signed_quotes::text[], @variable::boolean[])
     AS booked (quote_id, pair, deposit, payout, service_fee, network_fee, refund_fee_max, client, issued_at, accept_by, deposit_by, signed_quote, variable)
