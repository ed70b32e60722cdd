//go:build broken_other_anchor

package payment

import "ferry/hotwallet/chain"

// unanchored is a part of the mistake below.
const unanchored = true

// anchored is the mistake that the crash sweep must find: another attempt spends something
// else than the first, so that both can be mined.
func anchored(f chain.Funds, r chain.Request) (chain.Funds, chain.Request) {
	f.Must, r.Replaces = nil, nil
	return f, r
}
