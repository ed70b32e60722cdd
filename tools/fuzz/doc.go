// Command fuzz runs the module's fuzz targets one after the other, each for a while, and prints a line for each: package,
// target, executions, ok. A target that finds an input fails: Go has then written the input to the package's
// testdata/fuzz, where every test run replays it, and its output is shown whole.
//
// What a target has found worth keeping is below -cache and is where the next run begins. -keep n copies up to n of
// these inputs of each target, of all lengths, to testdata/fuzz, to be committed.
//
// It finds targets in the sources, builds each package's tests once, instrumented, and imports the standard library only.
package main
