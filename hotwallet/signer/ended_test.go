package signer

import (
	"context"
	"slices"
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// remembers are those of some anchors of which the signer says that it knows an end.
func (d *desk) remembers(t *testing.T, anchors ...string) []string {
	t.Helper()
	res, err := d.signer.Ended(t.Context(), connect.NewRequest(&ferryv1.EndedRequest{Anchors: anchors}))
	if err != nil {
		t.Fatal(err)
	}
	return res.Msg.GetAnchors()
}

// lostCoins has a payout be signed with coin x, and again with x, y and z, and attestd's
// word be shown, with the payment of y to another payout, that the first was mined.
func (d *desk) lostCoins(t *testing.T, all []*ferryv1.Authority, edit func(a *swap.DeathAttestation)) (anchor string) {
	t.Helper()
	lone, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], feeSat, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], 2*feeSat, "x", "y", "z")); err != nil {
		t.Fatal(err)
	}
	anchor = d.coinID(t, asset.Bitcoin, "x")
	if got := d.remembers(t, anchor); len(got) > 0 {
		t.Fatalf("it knows of an end that nobody told: %v", got)
	}
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[1:2], feeSat, "y"), d.death(t, asset.Bitcoin, anchor, lone.GetTxid(), edit))); err != nil {
		t.Fatal(err)
	}
	return anchor
}

// Setup: attestd's word that a payment was mined, and its other attempt is lost, was shown
// once, for one coin of the latter.
//
// Test: its other coin is free without a word, after a restart too; what is spent for good
// is never signed for again, neither by whom it was nor by others.
func TestWordOnAnEndIsRemembered(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b", "c")
	anchor := d.lostCoins(t, all, nil)
	d.reopen(t)
	if got := d.remembers(t, d.coinID(t, asset.Bitcoin, "y"), anchor); !slices.Equal(got, []string{anchor}) {
		t.Fatalf("it knows of %v", got)
	}
	for _, coins := range [][]string{{"x"}, {"x", "z"}, {"x", "y", "z"}} {
		_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], 3*feeSat, coins...))
		wantRefusal(t, err, "unsigned_tx", "")
	}
	_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[2:], feeSat, "z", "x"))
	wantRefusal(t, err, "unsigned_tx", "spent for good")
	_, err = d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[2:], feeSat, "z", "y"))
	wantRefusal(t, err, "unsigned_tx", "signed for another payment")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[2:], feeSat, "z")); err != nil {
		t.Errorf("the other coin of the lost attempt: %v", err)
	}
	_, err = d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], 3*feeSat, "x", "z"))
	wantRefusal(t, err, "unsigned_tx", "spent for good")
}

// Only a word of these minutes gives an authority another anchor: a remembered one says
// nothing of a reorganisation since.
func TestRememberedWordMovesNoAuthority(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all, feeSat, "x", "y")); err != nil {
		t.Fatal(err)
	}
	anchor := d.coinID(t, asset.Bitcoin, "x")
	word := d.death(t, asset.Bitcoin, anchor, foreignTxID, nil)
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[:1], feeSat, "p"), word)); err != nil {
		t.Fatal(err)
	}
	if got := d.remembers(t, anchor); len(got) != 1 {
		t.Fatal("the word is not remembered")
	}
	_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[1:], feeSat, "q"))
	wantRefusal(t, err, "unsigned_tx", "does not conflict")
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[1:], feeSat, "q"), word)); err != nil {
		t.Errorf("with the word: %v", err)
	}
}

// A word is good for as long as its key is trusted and the rules of the day are met for any
// amount; then it counts as before.
func TestRememberedWordLapses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b", "c")
	anchor := d.lostCoins(t, all, nil)
	own, rules := d.config.AttestKeys, d.config.Rules
	deeper, second := testRules(), testRules()
	deeper.Dead[asset.Bitcoin] = 11
	second.SecondAbove = map[asset.ID]asset.Units{asset.BTC: asset.MustUnits("2100000000000000")}
	elsewhere := testRules()
	elsewhere.SecondAbove = map[asset.ID]asset.Units{asset.LTC: asset.NewUnits(1)}
	for name, row := range map[string]struct {
		keys  swap.PublicKeys
		rules swap.DepositRules
		known int
	}{
		"another key":                    {publicKeys(ed25519Key(t)), rules, 0},
		"beyond a deeper reorganisation": {own, deeper, 0},
		"two kinds of software":          {own, second, 0},
		"of another chain's":             {own, elsewhere, 1},
		"as before":                      {own, rules, 1},
	} {
		d.config.AttestKeys, d.config.Rules = row.keys, row.rules
		d.reopen(t)
		if got := d.remembers(t, anchor); len(got) != row.known {
			t.Errorf("%s: it knows of %v, want %d", name, got, row.known)
		}
	}
	d.config.AttestKeys, d.config.Rules = own, deeper
	d.reopen(t)
	_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[2:], feeSat, "z"))
	wantRefusal(t, err, "unsigned_tx", "signed for another payment")
}

// A caller may have any number of words on coins that are none of ours; they take no room.
func TestWordsOnWhatIsNotOursAreNotKept(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	foreign := d.coinID(t, asset.Bitcoin, "never signed for")
	req := with(d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "a"), feeSat, "x"), d.death(t, asset.Bitcoin, foreign, foreignTxID, nil))
	if _, err := d.signBitcoin(req); err != nil {
		t.Fatal(err)
	}
	if got := d.remembers(t, foreign); len(got) > 0 {
		t.Errorf("it keeps %v", got)
	}
}

// What is asked for again may come with words that were not there the first time; and one
// that is refused leaves none behind.
func TestRepeatedRequestsWordIsRemembered(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:1], feeSat, "x")); err != nil {
		t.Fatal(err)
	}
	anchor := d.coinID(t, asset.Bitcoin, "x")
	word := d.death(t, asset.Bitcoin, anchor, foreignTxID, nil)
	_, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[1:], feeSat, "x"), word))
	wantRefusal(t, err, "unsigned_tx", "spent for good")
	if got := d.remembers(t, anchor); len(got) > 0 {
		t.Fatal("a refusal left a word behind")
	}
	req := d.batchOf(t, asset.Bitcoin, all[1:], feeSat, "y")
	if _, err := d.signBitcoin(req); err != nil {
		t.Fatal(err)
	}
	if _, err := d.signBitcoin(with(req, word)); err != nil {
		t.Fatal(err)
	}
	if got := d.remembers(t, anchor); len(got) != 1 {
		t.Error("the word is not remembered")
	}
}

// Too many are refused, and a closed signer knows nothing.
func TestEndedIsBounded(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	_, err := d.signer.Ended(t.Context(), connect.NewRequest(&ferryv1.EndedRequest{Anchors: make([]string, maxDeaths+1)}))
	wantRefusal(t, err, "anchors", "more than a request may name")
	if got := d.remembers(t, make([]string, maxDeaths)...); len(got) > 0 {
		t.Errorf("it knows of %v", got)
	}
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.signer.Ended(ctx, connect.NewRequest(&ferryv1.EndedRequest{})); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Errorf("a closed signer answers %v, want unavailable", err)
	}
}

// Setup: a word that does for any amount is kept, and one that does for a small payment only
// is shown with another, newly signed or asked for again.
// Test: the stronger one stays known.
func TestWeakerWordReplacesNoStronger(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	rules := testRules()
	rules.SecondAbove = map[asset.ID]asset.Units{asset.BTC: asset.MustUnits("2100000000000000")}
	if err := d.signer.SetRules(rules); err != nil {
		t.Fatal(err)
	}
	all := d.payouts(t, asset.Bitcoin, "a", "b", "c", "d")
	anchor := d.lostCoins(t, all, func(a *swap.DeathAttestation) { a.SecondSoftware = "Satoshi" })
	weaker := d.death(t, asset.Bitcoin, anchor, foreignTxID, nil)
	req := with(d.batchOf(t, asset.Bitcoin, all[2:3], feeSat, "p"), weaker)
	for range 2 {
		if _, err := d.signBitcoin(req); err != nil {
			t.Fatal(err)
		}
		if got := d.remembers(t, anchor); !slices.Equal(got, []string{anchor}) {
			t.Fatalf("it knows of %v", got)
		}
	}
	rules.SecondAbove = nil // now the newer one does for any amount too, and is kept
	if err := d.signer.SetRules(rules); err != nil {
		t.Fatal(err)
	}
	if _, err := d.signBitcoin(with(d.batchOf(t, asset.Bitcoin, all[3:], feeSat, "q"), weaker)); err != nil {
		t.Fatal(err)
	}
	rules.SecondAbove = map[asset.ID]asset.Units{asset.BTC: asset.MustUnits("2100000000000000")}
	if err := d.signer.SetRules(rules); err != nil {
		t.Fatal(err)
	}
	if got := d.remembers(t, anchor); len(got) > 0 {
		t.Errorf("the newer word was not kept: it knows of %v", got)
	}
}
