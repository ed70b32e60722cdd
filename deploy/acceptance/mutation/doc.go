// Package mutation proves that scenarios can fail: for each policy row it builds the
// parts without that row, and demands that every scenario tagged with the row fails.
//
// A row is a place in the source with what stands there when the row is gone. The
// programs themselves know nothing of it: go's -overlay builds the changed file in the
// place of the real one. A row whose text is not in its file, exactly once, is an
// error, so that the table can't fall behind the source.
//
// It imports deploy/acceptance/scenario.
package mutation
