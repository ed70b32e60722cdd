package ethereum_test

import (
	"bytes"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
)

var regexpID = regexp.MustCompile(`"id":([0-9]+)`)

// A node that shows no traces, does not show one now, or shows wrong ones.
func TestTracesThatAreMissingOrWrong(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := &scene{harness: h, wallet: h.make(t, "Wallet")}
	ours := s.newOurs(t)
	s.send(t, s.stranger, &s.wallet, units(100).Big(), nil)
	s.Pay(t, ours.Hex(), units(5))
	s.send(t, s.stranger, &s.wallet, units(0).Big(), method(t, "Wallet", "pay(address,uint256)", ours, units(7)))
	s.Mine(t, 1)
	b := s.tip(t, ours)
	if len(b.Credits) != 2 {
		t.Fatalf("%+v", b)
	}
	empty := s.Mine(t, 1)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a node without the method", func(t *testing.T) { s.blind(t, ours, b, empty) }},
		{"a node that must have it", func(t *testing.T) { s.stopped(t, ours, b) }},
		{"a node that had it", func(t *testing.T) { s.lost(t, ours, b) }},
		{"a trace that lies", func(t *testing.T) { s.lies(t, ours, b) }},
	} {
		t.Run(step.name, step.run)
	}
}

// blind: what the header's data say is read all the same, and Unseen says what is not.
func (s *scene) blind(t *testing.T, ours common.Address, b chain.Block, empty chain.Ref) {
	for name, proxy := range map[string]between{
		"geth's words": {call: without}, "EIP-1474": refusing(-32004, "Method not supported"),
		"JSON-RPC": refusing(-32601, "the method does not exist"),
	} {
		a := s.reader(t, proxy, "")
		if a.Unseen() != "" {
			t.Errorf("%s: before any block: %q", name, a.Unseen())
		}
		// Known from the first block on, also if nothing is in it.
		if _, err := a.Block(t.Context(), empty, watchSet(ours)); err != nil || !strings.HasPrefix(a.Unseen(), "internal transfers are not seen by this node") {
			t.Errorf("%s: %v, %q", name, err, a.Unseen())
		}
		got, err := a.Block(t.Context(), b.Ref, watchSet(ours))
		if err != nil || len(got.Credits) != 1 || got.Credits[0] != b.Credits[0] {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	off := s.reader(t, between{}, ethereum.TracesOff)
	got, err := off.Block(t.Context(), b.Ref, watchSet(ours))
	if err != nil || len(got.Credits) != 1 || off.Unseen() == "" {
		t.Errorf("%+v, %v, %q", got, err, off.Unseen())
	}
}

// stopped: where a trace can't be had for now, or has to be, the block is not read. What
// transfers brought is known all the same.
func (s *scene) stopped(t *testing.T, ours common.Address, b chain.Block) {
	for name, row := range map[string]struct {
		proxy  between
		traces ethereum.Traces
	}{
		"required":                     {between{call: without}, ethereum.TracesRequired},
		"its state is dropped":         {refusing(-32000, "required historical state unavailable (reexec=128)"), ethereum.TracesAuto},
		"it takes too long":            {refusing(-32002, "request timed out"), ethereum.TracesAuto},
		"a transaction takes too long": {refusing(-32000, "execution timeout"), ethereum.TracesAuto},
		"asked too often":              {refusing(-32005, "limit exceeded"), ethereum.TracesAuto},
		"no JSON-RPC": {between{answer: func(call, body []byte) []byte {
			if bytes.Contains(call, []byte(traceMethod)) {
				return []byte("<html>")
			}
			return body
		}}, ethereum.TracesAuto},
	} {
		a := s.reader(t, row.proxy, row.traces)
		got, err := a.Block(t.Context(), b.Ref, watchSet(ours))
		if err == nil || isGone(err) || a.Unseen() != "" || len(got.Credits) != 0 {
			t.Errorf("%s: %+v, %v, %q", name, got, err, a.Unseen())
		}
		plain, err := a.Transfers(t.Context(), b.Ref, watchSet(ours))
		if err != nil || len(plain) != 1 || plain[0] != b.Credits[0] || plain[0].Source != chain.Transfer {
			t.Errorf("%s: transfers are %+v, %v", name, plain, err)
		}
	}
}

// lost: a node that has traced goes on tracing or is not read on; once it does again,
// nothing was missed.
func (s *scene) lost(t *testing.T, ours common.Address, b chain.Block) {
	var away atomic.Bool
	a := s.reader(t, between{call: func(body []byte) []byte {
		if away.Load() {
			return without(body)
		}
		return body
	}}, "")
	for _, gone := range []bool{false, true, false} {
		away.Store(gone)
		got, err := a.Block(t.Context(), b.Ref, watchSet(ours))
		if gone != (err != nil) || !gone && len(got.Credits) != 2 || a.Unseen() != "" {
			t.Errorf("away %v: %+v, %v, %q", gone, got, err, a.Unseen())
		}
	}
}

// lies: a trace is compared with the balances of those that it says are paid.
func (s *scene) lies(t *testing.T, ours common.Address, b chain.Block) {
	name := strings.ToLower(ours.Hex())
	balance := regexp.MustCompile(`("` + name + `":\{"balance":")0x[0-9a-f]+`)
	key := regexp.MustCompile(`"` + name + `"`)
	for lie, change := range map[string]func([]byte) []byte{
		"more": func(raw []byte) []byte { return balance.ReplaceAll(raw, []byte("${1}0xfffffffffffff")) },
		"nothing": func(raw []byte) []byte {
			return key.ReplaceAll(raw, []byte(`"0x00000000000000000000000000000000000000aa"`))
		},
		"all gone":   func(raw []byte) []byte { return balance.ReplaceAll(raw, []byte("${1}0x0")) },
		"no answers": func([]byte) []byte { return []byte(`{"jsonrpc":"2.0","id":1,"result":[]}`) },
	} {
		changed := false
		a := s.reader(t, between{answer: func(call, body []byte) []byte {
			if !bytes.Contains(call, []byte(traceMethod)) {
				return body
			}
			lied := change(body)
			if lie == "no answers" {
				lied = bytes.Replace(lied, []byte(`"id":1`), regexpID.Find(call), 1)
			}
			changed = !bytes.Equal(lied, body)
			return lied
		}}, "")
		got, err := a.Block(t.Context(), b.Ref, watchSet(ours))
		if !changed {
			t.Fatalf("%s: the trace has no such place", lie)
		}
		if err == nil || isGone(err) {
			t.Errorf("%s: %+v, %v", lie, got, err)
		}
	}
	// One that leaves out what a contract paid can't be told from a block without it:
	// for that a second node is asked.
}
