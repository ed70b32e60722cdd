// Package bus moves facts, orders and updates between services: an outbox in
// Postgres, a relay to Kafka, and a consumer whose offset lives in Postgres
// beside what its records caused.
//
// It promises that what was Put in a transaction that committed is published at
// least once, in an order that never changes, numbered per source without a gap;
// and that a consumer which advances its offset in the transaction of its effect
// has each record's effect once, whatever crashes or repeats.
//
// It is the only importer of franz-go. It imports swap and pgx.
package bus
