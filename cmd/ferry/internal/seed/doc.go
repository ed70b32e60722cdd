// Package seed gives each test of the command line a database of its own, with
// every service's schema and all roles, and rows that tell a story in them.
//
// The server is the one at FERRY_TEST_DATABASE_URL, whose role may create
// databases. It imports migrations and pgx, and is for tests only.
package seed
