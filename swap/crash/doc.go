// Package crash names the points at which a daemon may die, so that a sweep can
// make it die at each of them: before and after every step that stores or sends.
//
// It promises nothing in an ordinary build: Point is empty there and is compiled
// away, its names included. With the build tag crashpoints, Point looks at two
// environment variables:
//
//	FERRY_CRASH=<name>:<n>   the process kills itself (SIGKILL) at the n-th pass of a point
//	FERRY_CRASH_DIR=<dir>    the same from the file <dir>/arm, read at every pass, so that a running
//	                         process can be armed; every pass is written to <dir>/trace, every death to <dir>/hit
//
// Names are literals at the calls, "<area>.<step>.<before or after>"; there is no
// list of them. deploy/sweep finds them in the sources that a daemon links and
// looks for each in the built program. It imports the standard library.
package crash
