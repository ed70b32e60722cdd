// Package access is how the command line reaches a running Ferry: which database
// URL, as which role, from the environment or from the settings that a running
// cluster leaves under its root folder.
//
// It promises that support's connection can write nothing, that every connection
// gives up in bounded time, and that a Ferry which cannot be found is reported in
// a sentence that says what to do. It imports pgx.
package access
