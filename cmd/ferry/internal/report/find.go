package report

import (
	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Matches lists where a text was found: one swap after the other, each once,
// with the ways in which it matches.
func Matches(p *console.Page, m support.Matches) {
	if len(m.Matches) == 0 {
		p.Text("Nothing found for %s.", m.Text)
		return
	}
	for i, match := range m.Matches {
		if match.SwapID == "" {
			p.Text("belongs to no swap: %s", match.What)
			p.Long("", match.Detail)
			continue
		}
		if i == 0 || m.Matches[i-1].SwapID != match.SwapID {
			p.Text("%s  %s  %s  %s", match.SwapID, stateOr(match.State), match.Pair, age(p, match))
		}
		p.Long("", match.What)
		p.Long("", match.Detail)
	}
	if m.More {
		p.Section("There are more: the newest %d matches are shown.", support.FindLimit)
	}
}

func age(p *console.Page, m support.Match) string {
	if m.CreatedAt == nil {
		return "not known to the state machine"
	}
	return "created " + p.Ago(*m.CreatedAt)
}
