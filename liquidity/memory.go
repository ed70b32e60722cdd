package liquidity

import "runtime/debug"

// How liquidityd collects garbage. Locks and words of venues leave much of it, on a heap that
// is small: collected at each doubling, as Go does by itself, that costs a tenth of a lock's
// CPU time.
const (
	// gcPercent is by how much of what is in use the heap grows before it is collected.
	gcPercent = 400
	// memoryMost is how large the process gets, in bytes, before it collects more often than
	// that: it is what a machine has to spare for it, no limit at which it fails.
	memoryMost = 1 << 30
)

// CollectLate has this process collect garbage as liquidityd does, and returns a function
// that undoes it.
func CollectLate() (undo func()) {
	percent, most := debug.SetGCPercent(gcPercent), debug.SetMemoryLimit(memoryMost)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(most)
	}
}
