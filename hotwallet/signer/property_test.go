package signer

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/core/types"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// released is a transaction that left the signer.
type released struct {
	authority int
	raw       []byte
	// spends are read from the raw bytes, not from the signer's records.
	spends []string
}

// machine drives a signer with authorities that compete for a few deposits,
// swaps, coins and nonces.
type machine struct {
	desk        *desk
	authorities []*ferryv1.Authority
	// extra are the authorities that pay an extra deposit, not the swap itself.
	extra    map[int]bool
	released map[string]released // by request
}

// newMachine makes, for each of two deposits per chain, a payout and a refund,
// one payout that uses up both, two payouts of one swap by two quotes, and for a
// third swap its payout by the quote, by a requote of another deposit, and the payout
// of that deposit as an extra one.
func newMachine(t swaptest.Reporter, d *desk) *machine {
	m := &machine{desk: d, extra: map[int]bool{}, released: map[string]released{}}
	for _, pair := range []asset.Pair{{From: asset.BTC, To: asset.ETH}, {From: asset.ETH, To: asset.BTC}} {
		for i := range 2 {
			payout := m.desk.authority(t, swap.PurposePayout, pair.From, pair.To, fmt.Sprint(i))
			refund := proto.Clone(payout).(*ferryv1.Authority)
			refund.Purpose = string(swap.PurposeRefund)
			m.authorities = append(m.authorities, payout, refund)
		}
		both := m.desk.authority(t, swap.PurposePayout, pair.From, pair.To, "0")
		both.Deposits = append(both.Deposits, uses(depositID(asset.MustLookup(pair.From).Chain, "1"), asset.NewUnits(7))...)
		sortDeposits(both)
		m.authorities = append(m.authorities, both)
		first, second := quote(pair.From, pair.To), quote(pair.From, pair.To)
		r := m.desk.receipt(first)
		for n, q := range []swap.Quote{first, second} {
			r.QuoteID = q.ID
			a := proto.Clone(m.authorities[0]).(*ferryv1.Authority)
			a.Deposits = uses(depositID(q.DepositChain(), fmt.Sprint("same swap ", n)), q.Deposit.Units)
			a.SignedQuote, a.SignedReceipt = m.desk.signTerms(t, q, r)
			m.authorities = append(m.authorities, a)
		}
		m.requotes(t, pair)
	}
	return m
}

// requotes adds the third swap's authorities. All pay what the quote does.
func (m *machine) requotes(t swaptest.Reporter, pair asset.Pair) {
	s := m.desk.amended(t, pair.From, pair.To, nil)
	deposit := func(name string) []*ferryv1.AuthorityDeposit {
		return uses(depositID(s.quote.DepositChain(), name), s.quote.Deposit.Units)
	}
	as := func(main bool) func(r *swap.Requote) {
		return func(r *swap.Requote) {
			r.Main, r.Payout, r.ServiceFee = main, s.quote.Payout, s.quote.ServiceFee
		}
	}
	m.authorities = append(m.authorities,
		s.authority(swap.PurposePayout, deposit("third"), ""),
		s.authority(swap.PurposePayout, deposit("1"), s.requote(t, deposit("1"), as(true))),
		s.authority(swap.PurposePayout, deposit("1"), s.requote(t, deposit("1"), as(false))))
	m.extra[len(m.authorities)-1] = true
}

// copyIn gives a copy of a closed desk a folder of its own. Its writes are not
// synced: what these tests kill is no machine, only the signer.
func (d desk) copyIn(t swaptest.Reporter, dir string) *desk {
	if err := os.CopyFS(dir, os.DirFS(d.config.Dir)); err != nil {
		t.Fatalf("copy: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, seedName), 0o400); err != nil {
		t.Fatalf("copy: %v", err)
	}
	d.config.Dir = dir
	d.open(t)
	d.signer.memory.db.NoSync, d.signer.files.unsynced = true, true
	return &d
}

// paysBitcoin tells the chain of authority n: the first half deposits bitcoin.
func (m *machine) paysBitcoin(n int) bool {
	depositsBitcoin := n < len(m.authorities)/2
	return depositsBitcoin == (m.authorities[n].GetPurpose() == string(swap.PurposeRefund))
}

// request asks for a signature; the answer is checked against what the same
// request was answered before.
func (m *machine) request(t *rapid.T, n int, coins []string, nonce uint64, fee int64, crash bool) {
	m.desk.signer.memory.beforeCommit = nil
	if crash {
		m.desk.signer.memory.beforeCommit = func() error { return errors.New("crash") }
	}
	var res *ferryv1.SignResponse
	var err error
	var name string
	if m.paysBitcoin(n) {
		name = fmt.Sprint(n, coins, fee)
		res, err = m.desk.signBitcoin(m.desk.spendCoins(t, m.authorities[n], payoutSat, fee*feeSat, coins...))
	} else {
		name = fmt.Sprint(n, nonce, fee)
		tx := transfer(nonce, payoutWei())
		tx.GasFeeCap = big.NewInt(fee * 1_000_000_000)
		res, err = m.desk.signEthereum(sendEther(t, m.authorities[n], tx))
	}
	earlier, known := m.released[name]
	switch {
	case err != nil && known:
		t.Fatalf("%s was signed before and now fails: %v", name, err)
	case err != nil && swap.ErrorCode(err) != swap.CodeRefused && !crash:
		t.Fatalf("%s: %v", name, err)
	case err == nil && known && !bytes.Equal(earlier.raw, res.GetRawTx()):
		t.Fatalf("%s was signed as %x and now as %x", name, earlier.raw, res.GetRawTx())
	case err == nil && !known && crash:
		t.Fatalf("%s was released without its record", name)
	case err == nil:
		m.released[name] = released{authority: n, raw: res.GetRawTx(), spends: m.spends(t, n, res.GetRawTx())}
	}
}

func (m *machine) spends(t *rapid.T, n int, raw []byte) (spends []string) {
	if !m.paysBitcoin(n) {
		var tx types.Transaction
		if err := tx.UnmarshalBinary(raw); err != nil {
			t.Fatalf("released bytes: %v", err)
		}
		return []string{fmt.Sprint("nonce ", tx.Nonce())}
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatalf("released bytes: %v", err)
	}
	for _, in := range tx.TxIn {
		spends = append(spends, in.PreviousOutPoint.String())
	}
	return spends
}

// check holds what was released against the promises.
func (m *machine) check(t *rapid.T) {
	coinOf, depositOf, swapOf := map[string]int{}, map[string]int{}, map[string]int{}
	once := func(of map[string]int, what, key string, authority int) {
		if owner, taken := of[key]; taken && owner != authority {
			t.Fatalf("%s %s is used by authorities %d and %d", what, key, owner, authority)
		}
		of[key] = authority
	}
	for name, r := range m.released {
		a := m.authorities[r.authority]
		for _, spend := range r.spends {
			once(coinOf, "coin or nonce", spend, r.authority)
		}
		for _, deposit := range a.GetDeposits() {
			once(depositOf, "deposit", deposit.GetDepositId(), r.authority)
		}
		if a.GetPurpose() == string(swap.PurposePayout) && !m.extra[r.authority] {
			terms, err := swap.VerifyTerms(a.GetSignedQuote(), a.GetSignedReceipt(), m.desk.config.QuoteKeys, m.desk.config.AttestKeys)
			if err != nil {
				t.Fatalf("terms: %v", err)
			}
			once(swapOf, "swap", terms.Receipt.SwapID, r.authority)
		}
		for other, o := range m.released {
			if o.authority == r.authority && !slices.ContainsFunc(r.spends, func(s string) bool { return slices.Contains(o.spends, s) }) {
				t.Fatalf("%s and %s are of one authority and do not conflict", name, other)
			}
		}
	}
	if n := m.desk.signedCount(t); n != len(m.released) {
		t.Fatalf("%d signatures are recorded, %d were released", n, len(m.released))
	}
	if n := m.desk.entries(t)[loggedSigned]; n != len(m.released) {
		t.Fatalf("%d signatures are logged, %d were released", n, len(m.released))
	}
}

// However requests, crashes and restarts interleave: an authority's transactions
// all conflict with one another, and nothing is used up by two authorities.
func TestMemoryHoldsItsPromises(t *testing.T) {
	t.Parallel()
	template := newDesk(t, t.TempDir())
	if err := template.signer.Close(); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "signer")
		if err != nil {
			t.Fatalf("folder: %v", err)
		}
		defer func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatalf("remove folder: %v", err)
			}
		}()
		m := newMachine(t, template.copyIn(t, dir))
		defer func() {
			if err := m.desk.signer.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}()
		for range rapid.IntRange(5, 25).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				m.desk.reopen(t)
				m.desk.signer.memory.db.NoSync, m.desk.signer.files.unsynced = true, true
			}
			coins := rapid.Permutation([]string{"p", "q", "r", "s"}).Draw(t, "coins")
			m.request(t, rapid.IntRange(0, len(m.authorities)-1).Draw(t, "authority"),
				coins[:rapid.IntRange(1, 3).Draw(t, "inputs")], uint64(rapid.IntRange(0, 3).Draw(t, "nonce")),
				int64(rapid.IntRange(1, 3).Draw(t, "fee")), rapid.IntRange(0, 7).Draw(t, "crash") == 0)
		}
		m.check(t)
	})
}

// Requests at the same time are decided one after the other: of many payouts that
// want one coin, one gets it.
func TestConcurrentRequestsForOneCoin(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	const callers = 8
	requests := make([]*ferryv1.SignUTXORequest, callers)
	for i := range requests {
		a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, fmt.Sprint(i))
		requests[i] = d.spendCoins(t, a, payoutSat, feeSat, "x")
	}
	answers := make(chan error, callers)
	for _, req := range requests {
		go func() {
			_, err := d.signBitcoin(req)
			answers <- err
		}()
	}
	signed := 0
	for range requests {
		if err := <-answers; err == nil {
			signed++
		} else {
			wantRefusal(t, err, "unsigned_tx", "coin or nonce was signed for another")
		}
	}
	if signed != 1 {
		t.Errorf("%d payouts got the coin, want 1", signed)
	}
}
