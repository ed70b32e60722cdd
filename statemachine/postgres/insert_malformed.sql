INSERT INTO malformed_record (reason) SELECT * FROM unnest($1::text[])
