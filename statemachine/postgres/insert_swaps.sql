INSERT INTO swap (id, state, version, signed_quote, signed_receipt, quote_id, pair, deposit_units, payout_units,
                  deposit_address, payout_address, refund_address, reason, seen, created_at, updated_at, amended)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::numeric[], $9::numeric[], $10::text[], $11::text[], $12::text[], $13::text[],
                     $14::jsonb[], $15::timestamptz[], $16::timestamptz[], $17::jsonb[])
