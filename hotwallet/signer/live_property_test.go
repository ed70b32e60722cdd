package signer

import (
	"bytes"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/core/types"
	"pgregory.net/rapid"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// live is a transaction that left the signer, read from its bytes, with whom it pays.
type live struct {
	txid    string
	pays    []string
	spends  []string
	mined   bool
	failed  bool
	account bool
}

// chainWorld is what becomes of what is signed: who has spent which coin or nonce.
type chainWorld struct {
	desk  *desk
	coins []*ferryv1.Authority
	ether []ask
	all   []*live
	// spent: coin or nonce → the txid that spends it for good; failed are those txids
	// that did nothing.
	spent  map[string]string
	failed map[string]bool
	order  []string // of spent, so that a seed replays
}

func newChainWorld(t swaptest.Reporter, d *desk) *chainWorld {
	w := &chainWorld{desk: d, spent: map[string]string{}, failed: map[string]bool{}}
	w.coins = append(d.payouts(t, asset.Bitcoin, "a", "b", "c"), d.authority(t, swap.PurposeRefund, asset.BTC, asset.ETH, "d"))
	refund := d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, "e")
	for _, name := range []string{"f", "g"} {
		w.ether = append(w.ether, ask{ether: sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, name), transfer(0, payoutWei()))})
	}
	w.ether = append(w.ether, ask{ether: sendEther(t, refund, transfer(0, payoutWei()))},
		ask{ether: d.houseEther(t, swap.PurposeSweep, 0)}, ask{ether: d.houseEther(t, swap.PurposeGasTopUp, 0)}, ask{ether: d.houseEther(t, swap.PurposeGapFill, 0)})
	return w
}

// deaths are attestd's words on some of what is spent on a chain.
func (w *chainWorld) deaths(t *rapid.T, on asset.Chain) (signed []string) {
	for _, spend := range w.order {
		if strings.HasPrefix(spend, string(on)+":") && rapid.IntRange(0, 3).Draw(t, "told") > 0 {
			by := w.spent[spend]
			signed = append(signed, w.desk.death(t, on, spend, by, func(a *swap.DeathAttestation) { a.Failed = w.failed[by] }))
		}
	}
	return signed
}

// payCoins asks for a batch, or a sweep, of coins that may belong to anybody.
func (w *chainWorld) payCoins(t *rapid.T) {
	members := rapid.Permutation(w.coins).Draw(t, "members")[:rapid.IntRange(0, 3).Draw(t, "size")]
	coins := rapid.Permutation([]string{"p", "q", "r", "s", "u"}).Draw(t, "coins")[:rapid.IntRange(max(1, len(members)), 4).Draw(t, "inputs")]
	fee := int64(rapid.IntRange(1, 3).Draw(t, "fee")) * feeSat
	req := w.desk.consolidate(t, asset.Bitcoin, fee, coins...)
	pays := []string{"sweep of " + coins[0]}
	if len(members) > 0 {
		req, pays = w.desk.batchOf(t, asset.Bitcoin, members, fee, coins...), nil
		for _, m := range members {
			pays = append(pays, m.GetPurpose()+m.GetDeposits()[0].GetDepositId())
		}
	}
	res, err := w.desk.signBitcoin(with(req, w.deaths(t, asset.Bitcoin)...))
	if w.refused(t, err) {
		return
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
		t.Fatalf("released bytes: %v", err)
	}
	l := live{txid: res.GetTxid(), pays: pays}
	for _, in := range tx.TxIn {
		l.spends = append(l.spends, "bitcoin:"+in.PreviousOutPoint.String())
	}
	w.release(&l)
}

// payEther asks for any purpose at any nonce.
func (w *chainWorld) payEther(t *rapid.T) {
	one := rapid.SampledFrom(w.ether).Draw(t, "which").ether
	nonce, fee := uint64(rapid.IntRange(0, 3).Draw(t, "nonce")), int64(rapid.IntRange(3, 5).Draw(t, "fee"))
	req := editEther(t, one, func(tx *types.DynamicFeeTx) { tx.Nonce, tx.GasFeeCap = nonce, big.NewInt(fee*1_000_000_000) })
	req.SignedDeaths = w.deaths(t, asset.Ethereum)
	res, err := w.desk.signEthereum(req)
	if w.refused(t, err) {
		return
	}
	sender := w.desk.ethereumAt(t, keys.Hot, 0)
	pays := req.GetAuthority().GetPurpose()
	switch swap.Purpose(pays) {
	case swap.PurposePayout, swap.PurposeRefund:
		pays += req.GetAuthority().GetDeposits()[0].GetDepositId()
	case swap.PurposeSweep:
		sender = w.desk.ethereumAt(t, keys.Deposit, 4)
		fallthrough
	case swap.PurposeGasTopUp, swap.PurposeGapFill:
		pays += fmt.Sprint(" at ", nonce)
	}
	w.release(&live{txid: res.GetTxid(), pays: []string{pays}, spends: []string{fmt.Sprintf("ethereum:%s:%d", sender, nonce)}, account: true})
}

func (w *chainWorld) refused(t *rapid.T, err error) bool {
	if err != nil && swap.ErrorCode(err) != swap.CodeRefused {
		t.Fatalf("%v, want a signature or a refusal", err)
	}
	return err != nil
}

func (w *chainWorld) release(l *live) {
	if !slices.ContainsFunc(w.all, func(o *live) bool { return o.txid == l.txid }) {
		w.all = append(w.all, l)
	}
}

// possible reports whether a transaction can still be mined.
func (w *chainWorld) possible(l *live) bool {
	return !slices.ContainsFunc(l.spends, func(s string) bool { return w.spent[s] != "" })
}

// mine has one of the transactions mined that can be, or a stranger's that spends one's coin.
func (w *chainWorld) mine(t *rapid.T) {
	var can []*live
	for _, l := range w.all {
		if w.possible(l) {
			can = append(can, l)
		}
	}
	if len(can) == 0 {
		return
	}
	l := rapid.SampledFrom(can).Draw(t, "mined")
	if rapid.IntRange(0, 2).Draw(t, "by a stranger") == 0 {
		w.spend(rapid.SampledFrom(l.spends).Draw(t, "double spent"), w.strange(l.account))
		return
	}
	l.mined, l.failed = true, l.account && rapid.Bool().Draw(t, "failed")
	w.failed[l.txid] = l.failed
	for _, s := range l.spends {
		w.spend(s, l.txid)
	}
}

func (w *chainWorld) strange(account bool) string {
	txid := fmt.Sprintf("%064x", len(w.order)+1)
	if account {
		return "0x" + txid
	}
	return txid
}

func (w *chainWorld) spend(what, by string) {
	w.spent[what] = by
	w.order = append(w.order, what)
}

// check: of what pays one authority, at most one was made, nothing can be made beside it, and
// what can still be made conflicts.
func (w *chainWorld) check(t *rapid.T) {
	for i, one := range w.all {
		paid := one.mined && !one.failed
		if !paid && !w.possible(one) {
			continue
		}
		for _, other := range w.all[i+1:] {
			if !slices.ContainsFunc(one.pays, func(p string) bool { return slices.Contains(other.pays, p) }) {
				continue
			}
			otherPaid := other.mined && !other.failed
			if !otherPaid && !w.possible(other) {
				continue
			}
			if paid || otherPaid || !slices.ContainsFunc(one.spends, func(s string) bool { return slices.Contains(other.spends, s) }) {
				t.Fatalf("%v is paid by %s and by %s", one.pays, one.txid, other.txid)
			}
		}
	}
}

// Whatever is asked for every purpose, alone and in batches, with anchors that strangers
// spend, transactions that fail and deaths that are told or not, and restarts between: there
// are never two transactions for one authority that could both be mined.
func TestNothingIsPaidTwice(t *testing.T) {
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
		w := newChainWorld(t, template.copyIn(t, dir))
		defer func() {
			if err := w.desk.signer.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}()
		for range rapid.IntRange(5, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				w.desk.reopen(t)
				w.desk.signer.memory.db.NoSync, w.desk.signer.files.unsynced = true, true
			case 1, 2:
				w.mine(t)
			case 3, 4, 5:
				w.payEther(t)
			default:
				w.payCoins(t)
			}
			w.check(t)
		}
	})
}
