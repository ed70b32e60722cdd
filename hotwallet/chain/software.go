package chain

import (
	"context"
	"strings"
)

// Identified is what a Reader implements besides if its node says what it runs.
type Identified interface {
	// Software is the name of the node's software, without its version: "btcd",
	// "Satoshi", "Geth". Two nodes of one name share their mistakes.
	Software(ctx context.Context) (string, error)
}

// SoftwareName cuts a name out of what nodes call themselves: "/Satoshi:27.0.0/",
// "Geth/v1.17.8-stable/linux-amd64/go1.26". It is "" where there is none, and keeps
// printable ASCII only.
func SoftwareName(userAgent string) string {
	name := strings.TrimPrefix(userAgent, "/")
	if i := strings.IndexAny(name, ":/ "); i >= 0 {
		name = name[:i]
	}
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, name)
	return name[:min(len(name), softwareMost)]
}

// softwareMost bounds a name, in bytes.
const softwareMost = 60
