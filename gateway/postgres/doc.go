// Package postgres is the gateway's store on PostgreSQL, in the schema made by
// migrations/bus and migrations/gateway.
//
// It promises what gateway.Store says of each method, with every write guarded: a
// claim is made once, a response written once, a view never goes back.
//
// It imports gateway, swap/bus and pgx. Only mains and tests import it.
package postgres
