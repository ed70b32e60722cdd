// Package migrations holds the database: one schema per service, each made of
// numbered SQL files, and the roles with their grants.
//
// The folders bus and ledger are tables that several services have each for
// itself: they are applied inside each of those services' schemas. SQL names
// tables without a schema; the search_path of the connection decides, so a test
// has a schema of its own.
//
// A migration that has landed is never edited. It promises that Up may be run
// again at any time and that two runs at once do not hurt each other. It imports
// pgx and goose.
package migrations
