package main

import (
	"strconv"
	"strings"

	"ferry/swap"
)

// parsePolicy reads what was asked for as the API does: what is not named has its
// default.
func parsePolicy(text string) (swap.Policy, error) {
	p := swap.DefaultPolicy()
	if text == "default" {
		return p, nil
	}
	answers := map[string]*swap.Answer{"short": &p.OnShort, "over": &p.OnOver, "late": &p.OnLate, "extra": &p.OnExtra}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch into := answers[name]; {
		case into != nil:
			*into = swap.Answer(value)
		case name == "tolerance":
			bps, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return p, usage("--policy: the tolerance %.40q is no whole number of basis points", value)
			}
			p.ToleranceBPS = bps
		default:
			return p, usage("--policy %.80q is neither default nor a list such as short=refund,over=ask,tolerance=100", text)
		}
	}
	if err := p.Validate(); err != nil {
		return p, usage("--policy: %v", err)
	}
	return p, nil
}
