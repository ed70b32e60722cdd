package watch_test

import (
	"context"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
)

// One transaction of a contract pays two swaps, one of them in two parts: each has
// one deposit, which is the same one when a reorganisation brings it back.
func TestOneTransactionPaysTwoSwaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{}))
	sources := map[chain.Source]int{}
	w.told = watch.Observer{Credits: func(credits []chain.Credit) {
		for _, c := range credits {
			sources[c.Source]++
		}
	}}
	w.restart()
	first, firstSwap := w.issue()
	second, secondSwap := w.issue()
	half := w.small()
	w.chain.PayMany(fakechain.Output{Address: first, Units: half}, fakechain.Output{Address: second, Units: half},
		fakechain.Output{Address: first, Units: half})
	w.step() // a mempool does not show what contracts will do
	w.mine(1)
	w.checkBooks()
	w.chain.Reorg(1, fakechain.Return)
	w.mine(2)
	w.mine(needed)
	w.checkBooks()
	kinds := []string{"deposit.in_block 1", "deposit.reorged", "deposit.in_block 1", "deposit.in_block 2", "deposit.confirmed"}
	ids := map[string]bool{}
	for swapID, want := range map[string]asset.Units{firstSwap: double(t, half), secondSwap: half} {
		wantKinds(t, w, swapID, kinds...)
		for _, f := range w.facts(swapID) {
			ids[f.Deposit.DepositID] = true
			if f.Deposit.Amount.Units != want {
				t.Errorf("%+v, want %s", f.Deposit, want)
			}
		}
	}
	if len(ids) != 2 || sources[chain.Internal] != 4 || len(sources) != 1 {
		t.Errorf("deposits %v, told of %v", ids, sources)
	}
}

func double(t *testing.T, u asset.Units) asset.Units {
	t.Helper()
	sum, err := u.Add(u)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// sending is a node on whose chain a payment's destination sends some of it on.
type sending struct {
	chain.Reader
	after string
	to    string
	units asset.Units
}

func (s *sending) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, err := s.Reader.Block(ctx, ref, w)
	if slices.ContainsFunc(b.Debits, func(d chain.Debit) bool { return d.TxID == s.after }) {
		b.Credits = append(b.Credits, chain.Credit{TxID: s.after, Asset: asset.ETH, Address: s.to, Units: s.units, Source: chain.Internal})
	}
	return b, err
}

// Our payment's destination is a contract that pays another swap with it, or returns
// some: accounts have no change, both are deposits.
func TestPaymentThatADestinationSendsOn(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{false, true} {
		w := newWorld(t, fakechain.NewEthereum(fakechain.Config{}))
		node := &sending{Reader: w.chain, units: asset.NewUnits(dustThreshold)}
		w.reader = node
		w.restart()
		w.fund(1)
		var swapID string
		if node.to = w.hot; !back {
			node.to, swapID = w.issue()
		}
		p := w.pay(w.small())
		node.after = p.txid
		w.mine(needed)
		if got := w.paymentState(p); got != "final" || w.halted() != "" {
			t.Fatalf("payment %s, halted %q", got, w.halted())
		}
		if back {
			if got := w.text(`SELECT purpose || ' ' || units FROM deposit WHERE txid = $1`, p.txid); got != "funding 5000" {
				t.Errorf("what came back is %s", got)
			}
			continue
		}
		wantKinds(t, w, swapID, "deposit.in_block 1", "deposit.in_block 2", "deposit.confirmed")
	}
}

// limited is a node that does not show everything, or does again.
type limited struct {
	chain.Reader
	unseen string
}

func (l *limited) Unseen() string { return l.unseen }

// What a node does not show is an alarm once, and no reason to stop.
func TestUnseen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{}))
	node := &limited{Reader: w.chain}
	w.reader = node
	var told []bool
	w.told = watch.Observer{Unseen: func(unseen bool) { told = append(told, unseen) }}
	w.restart()
	for _, look := range []struct {
		unseen string
		alarms string
	}{{"", "0"}, {"internal transfers", "1"}, {"internal transfers", "1"}, {"", "1"}, {"all else", "2"}} {
		node.unseen = look.unseen
		w.mine(1)
		if got := w.text(`SELECT count(*)::text FROM staff_action WHERE action = $1`, watch.AlarmUnseen); got != look.alarms {
			t.Fatalf("%q unseen: %s alarms, want %s", look.unseen, got, look.alarms)
		}
		if told[len(told)-1] != (look.unseen != "") {
			t.Fatalf("%q unseen: told %v", look.unseen, told)
		}
	}
	w.restart() // a new process says it again, and has no alarm of its own for it
	w.mine(1)
	if got := w.text(`SELECT reason FROM staff_action WHERE action = $1 ORDER BY id DESC LIMIT 1`, watch.AlarmUnseen); got != "all else" || w.halted() != "" {
		t.Fatalf("alarm %q, halted %q", got, w.halted())
	}
	if got := w.text(`SELECT count(*)::text FROM staff_action WHERE action = $1`, watch.AlarmUnseen); got != "2" {
		t.Fatalf("%s alarms", got)
	}
}
