package signer

import (
	"bytes"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// foreignTxID is of a transaction that was never signed here.
var foreignTxID = strings.Repeat("5c", 32)

// death is what attestd says of an anchor that a transaction has spent.
func (d *desk) death(t swaptest.Reporter, on asset.Chain, anchor, spender string, edit func(a *swap.DeathAttestation)) string {
	t.Helper()
	a := swap.DeathAttestation{Chain: on, Anchor: anchor, Spent: anchor, Spender: spender, Height: 7,
		BlockHash: strings.Repeat("0b", 32), Depth: 10, Software: "btcd", IssuedAt: swap.Millis(time.Now())}
	if on == asset.Ethereum && !strings.HasPrefix(spender, "0x") {
		a.Spender = "0x" + spender
	}
	if edit != nil {
		edit(&a)
	}
	signed, err := swap.SignDeathAttestation(a, d.attestKey)
	if err != nil {
		t.Fatalf("sign the death: %v", err)
	}
	return signed
}

// coinID names the coin of spendOn that has a name.
func (d *desk) coinID(t swaptest.Reporter, on asset.Chain, name string) string {
	t.Helper()
	hash := coin(name, d.keyOn(t, on, keys.Hot, keys.External, 3), coinSat).TxHash()
	return string(on) + ":" + hash.String() + ":1"
}

// with is a request that says that anchors are dead.
func with(req *ferryv1.SignUTXORequest, deaths ...string) *ferryv1.SignUTXORequest {
	req.SignedDeaths = deaths
	return req
}

func (d *desk) nonceID(t swaptest.Reporter, nonce string) string {
	t.Helper()
	return "ethereum:" + d.ethereumAt(t, keys.Hot, 0) + ":" + nonce
}

// An authority whose anchor is spent for good by a stranger is paid with another anchor,
// which is then as fixed as the first was.
func TestDeadAnchorIsReplaced(t *testing.T) {
	t.Parallel()
	for _, on := range []asset.Chain{asset.Bitcoin, asset.Litecoin, asset.BitcoinCash} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			a := d.payouts(t, on, "a")
			ask := func(deaths []string, coins ...string) error {
				_, err := d.signBitcoin(with(d.batchOf(t, on, a, feeSat, coins...), deaths...))
				return err
			}
			if err := ask(nil, "x", "y"); err != nil {
				t.Fatal(err)
			}
			dead := []string{d.death(t, on, d.coinID(t, on, "x"), foreignTxID, nil)}
			wantRefusal(t, ask(nil, "p"), "unsigned_tx", "does not conflict")
			wantRefusal(t, ask(dead, "x", "p"), "unsigned_tx", "spent for good")
			// Of the dead attempt's coins the second is free.
			if err := ask(dead, "p", "y"); err != nil {
				t.Fatalf("with another anchor: %v", err)
			}
			d.reopen(t)
			wantRefusal(t, ask(dead, "q"), "unsigned_tx", "does not conflict")
			wantRefusal(t, ask(dead, "p", "x"), "unsigned_tx", "spent for good")
			wantRefusal(t, ask(nil, "p", "x"), "unsigned_tx", "spent for good")
			if err := ask(nil, "q", "p"); err != nil {
				t.Errorf("a replacement of the second: %v", err)
			}
			again := append(dead, d.death(t, on, d.coinID(t, on, "p"), foreignTxID, nil))
			if err := ask(again, "r"); err != nil {
				t.Errorf("with a third anchor: %v", err)
			}
		})
	}
}

// On a chain of accounts the dead one's nonce was used by a stranger, or by its own
// transaction, which failed.
func TestDeadNonceIsReplaced(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		foreign, failed bool
		refused         string
	}{
		"a stranger's":        {true, false, ""},
		"a stranger's failed": {true, true, ""},
		"its own failed":      {false, true, ""},
		"its own":             {false, false, "payment was made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			a := d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a")
			signed, err := d.signEthereum(sendEther(t, a, transfer(4, payoutWei())))
			if err != nil {
				t.Fatal(err)
			}
			spender := signed.GetTxid()
			if row.foreign {
				spender = foreignTxID
			}
			again := sendEther(t, a, transfer(5, payoutWei()))
			again.SignedDeaths = []string{d.death(t, asset.Ethereum, d.nonceID(t, "4"), spender, func(a *swap.DeathAttestation) { a.Failed = row.failed })}
			_, err = d.signEthereum(again)
			if row.refused != "" {
				wantRefusal(t, err, "signed_deaths", row.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			dearer := transfer(4, payoutWei())
			dearer.GasFeeCap = big.NewInt(6_000_000_000)
			_, err = d.signEthereum(sendEther(t, a, dearer))
			wantRefusal(t, err, "unsigned_tx", "does not conflict")
			gap := d.houseEther(t, swap.PurposeGapFill, 4)
			gap.SignedDeaths = again.GetSignedDeaths()
			_, err = d.signEthereum(gap)
			wantRefusal(t, err, "unsigned_tx", "spent for good")
		})
	}
}

// Each case breaks one rule of an otherwise good attestation; nothing is signed, and
// afterwards the payment still can be.
func TestDeathMustBeProved(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	a := d.payouts(t, asset.Bitcoin, "a")
	first, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, a, feeSat, "x", "y"))
	if err != nil {
		t.Fatal(err)
	}
	anchor := d.coinID(t, asset.Bitcoin, "x")
	good := d.death(t, asset.Bitcoin, anchor, foreignTxID, nil)
	edited := func(edit func(a *swap.DeathAttestation)) []string {
		return []string{d.death(t, asset.Bitcoin, anchor, foreignTxID, edit)}
	}
	stranger.attestKey = ed25519Key(t)
	many := make([]string, maxDeaths+1)
	for name, row := range map[string]struct {
		deaths          []string
		field, sentence string
	}{
		"a stranger's word":      {[]string{stranger.death(t, asset.Bitcoin, anchor, foreignTxID, nil)}, "signed_deaths", "does not verify"},
		"tampered with":          {[]string{tampered(good)}, "signed_deaths", "does not verify"},
		"a deposit's":            {[]string{d.attested(t, a[0]).GetSignedAttestations()[0]}, "signed_deaths", "does not verify"},
		"the same twice":         {[]string{good, good}, "signed_deaths", "there twice"},
		"too many":               {many, "signed_deaths", "more than a request may carry"},
		"not deep":               {edited(func(a *swap.DeathAttestation) { a.Depth = 9 }), "signed_deaths", "9 deep, 10 are needed"},
		"old":                    {edited(func(a *swap.DeathAttestation) { a.IssuedAt = a.IssuedAt.Add(-16 * time.Minute) }), "signed_deaths", "more than"},
		"of the future":          {edited(func(a *swap.DeathAttestation) { a.IssuedAt = a.IssuedAt.Add(16 * time.Minute) }), "signed_deaths", "more than"},
		"of another coin":        {edited(func(a *swap.DeathAttestation) { a.Anchor = d.coinID(t, asset.Bitcoin, "y"); a.Spent = a.Anchor }), "unsigned_tx", "does not conflict"},
		"of another chain":       {[]string{d.death(t, asset.Litecoin, d.coinID(t, asset.Litecoin, "x"), foreignTxID, nil)}, "signed_deaths", "another chain"},
		"spent by its own":       {[]string{d.death(t, asset.Bitcoin, anchor, first.GetTxid(), nil)}, "signed_deaths", "payment was made"},
		"none":                   {nil, "unsigned_tx", "does not conflict"},
		"an empty one":           {[]string{""}, "signed_deaths", "does not verify"},
		"what never can be dead": {edited(func(a *swap.DeathAttestation) { a.Depth = 1 }), "signed_deaths", "are needed"},
	} {
		_, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, a, feeSat, "p"), row.deaths...))
		if err == nil {
			t.Errorf("%s: signed", name)
			continue
		}
		wantRefusal(t, err, row.field, row.sentence)
	}
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, a, feeSat, "p"), good)); err != nil {
		t.Errorf("with the good one: %v", err)
	}
}

// A batch dies as one; then its members are free of one another.
func TestMembersOfABatchDieTogether(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b", "c", "new")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:3], feeSat, "x", "y", "z")); err != nil {
		t.Fatal(err)
	}
	dead := d.death(t, asset.Bitcoin, d.coinID(t, asset.Bitcoin, "x"), foreignTxID, nil)
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[:1], feeSat, "p", "y"), dead)); err != nil {
		t.Fatalf("one alone: %v", err)
	}
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[2:], feeSat, "q", "z"), dead)); err != nil {
		t.Fatalf("one with a new one: %v", err)
	}
	_, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[:3], feeSat, "r", "s", "t"), dead))
	wantRefusal(t, err, "unsigned_tx", "does not conflict")
	_, err = d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[1:2], feeSat, "r"))
	wantRefusal(t, err, "unsigned_tx", "does not conflict")
	_, err = d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[1:2], feeSat, "y"), dead))
	wantRefusal(t, err, "unsigned_tx", "signed for another payment")
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[1:2], feeSat, "r"), dead)); err != nil {
		t.Errorf("the last by itself: %v", err)
	}
}

// A coin that only a lost attempt spends is free for others once the anchor is spent for
// good, whether the payment was made by another attempt or not at all.
func TestCoinsOfLostAttemptsAreFree(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b")
	lone, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], feeSat, "x"))
	if err != nil {
		t.Fatal(err)
	}
	with2, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], 2*feeSat, "x", "z"))
	if err != nil {
		t.Fatal(err)
	}
	other := func(deaths ...string) error {
		_, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[1:], feeSat, "z"), deaths...))
		return err
	}
	anchor := d.coinID(t, asset.Bitcoin, "x")
	wantRefusal(t, other(), "unsigned_tx", "signed for another payment")
	wantRefusal(t, other(d.death(t, asset.Bitcoin, anchor, with2.GetTxid(), nil)), "unsigned_tx", "another payment has spent")
	if err := other(d.death(t, asset.Bitcoin, anchor, lone.GetTxid(), nil)); err != nil {
		t.Errorf("the coin of the attempt that lost: %v", err)
	}
	_, err = d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], 3*feeSat, "x", "z"))
	wantRefusal(t, err, "unsigned_tx", "spent for good")
}

// The refund of a coin in another chain's form can be given another txid by others, so that
// a stranger's txid proves nothing.
func TestSiblingRefundNeverDies(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	first := d.lost(t, "a", 7)
	if _, err := d.signBitcoin(first); err != nil {
		t.Fatal(err)
	}
	var tx wire.MsgTx
	if err := tx.DeserializeNoWitness(bytes.NewReader(first.GetUnsignedTx())); err != nil {
		t.Fatal(err)
	}
	anchor := "bitcoin:" + tx.TxIn[0].PreviousOutPoint.String()
	again := d.spendOn(t, asset.Bitcoin, first.GetAuthorities()[0], 1_995_000, feeSat, "another")
	_, err := d.signBitcoin(with(again, d.death(t, asset.Bitcoin, anchor, foreignTxID, nil)))
	wantRefusal(t, err, "signed_deaths", "another chain's form")
}
