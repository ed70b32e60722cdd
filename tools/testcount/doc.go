// Command testcount runs `go test -json` with the arguments it is given and shows the run to a person: one line per
// package as it ends, the whole output of every test that failed, the reason of every test that skipped, and last, alone
// on its line, "N passed, N failed, N skipped".
//
// Each named test counts once: top-level tests, subtests, examples and fuzz targets' seeds. A test that never ended
// (panic, timeout, exit) counts as failed, and so does a package that did not build or failed outside its tests. The exit
// status is go's own. It imports the standard library only.
package main
