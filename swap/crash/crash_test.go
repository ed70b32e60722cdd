package crash_test

import (
	"testing"

	"ferry/swap/crash"
)

// In the build that is shipped, and tested, a point does nothing even where the
// environment asks for a death.
func TestPointIsEmptyWithoutItsTag(t *testing.T) {
	if crash.Enabled {
		t.Skip("built with crashpoints")
	}
	t.Setenv("FERRY_CRASH", "any.point:1")
	t.Setenv("FERRY_CRASH_DIR", t.TempDir())
	crash.Point("any.point")
}
