// Package durable keeps the files in which signerd and attestd remember what they
// must never do twice. Each is a bbolt database away from Postgres: what protects
// against a compromised or restored database must not live in it.
//
// It promises that a file is created whole or not at all and never over another;
// that it is opened by one process at a time, and only if it is there, of the right
// kind and made for the same keys; and that a fencing token older than one kept is
// told apart (see RaiseFence).
//
// It imports swap/asset and bbolt.
package durable
