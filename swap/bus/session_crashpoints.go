//go:build crashpoints

package bus

import "time"

// sessionTimeout is short in the build that dies on purpose: each death costs the
// wait for it.
const sessionTimeout = 1500 * time.Millisecond
