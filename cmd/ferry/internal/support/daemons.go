package support

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Daemon is whether a process is ready: it runs, and reaches all it depends on.
type Daemon struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	// Reason says why it is not.
	Reason string `json:"reason,omitempty"`
}

// AskDaemons asks every daemon at once, through ready, which says why one is not
// ready, or fails to get an answer. One that is not ready needs a person.
func (s *Status) AskDaemons(ctx context.Context, addresses map[string]string, ready func(ctx context.Context, address string) (reason string, err error)) {
	answers := make(chan Daemon, len(addresses))
	for name, address := range addresses {
		go func() {
			reason, err := ready(ctx, address)
			if err != nil {
				reason = "no answer: " + err.Error()
			}
			answers <- Daemon{Name: name, Ready: reason == "", Reason: reason}
		}()
	}
	for range addresses {
		s.Daemons = append(s.Daemons, <-answers)
	}
	slices.SortFunc(s.Daemons, func(a, b Daemon) int { return cmp.Compare(a.Name, b.Name) })
	for _, d := range s.Daemons {
		if !d.Ready {
			s.Needs = append(s.Needs, fmt.Sprintf("%s is not ready: %s", d.Name, d.Reason))
		}
	}
}
