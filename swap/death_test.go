package swap_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

const (
	deadSender = "ethereum:0x00000000000000000000000000000000000000aA:7"
	deadHash   = "0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
)

// death is one of a nonce.
func death() swap.DeathAttestation {
	return swap.DeathAttestation{Chain: asset.Ethereum, Anchor: deadSender, Spent: deadSender, Spender: deadHash, Failed: true,
		Height: 9, BlockHash: "0x0c", Depth: 7, Software: "Geth", IssuedAt: swaptest.Start}
}

// lost is one of a coin whose making was double spent.
func lost() swap.DeathAttestation {
	return swap.DeathAttestation{Chain: asset.Bitcoin, Anchor: "bitcoin:" + strings.Repeat("0a", 32) + ":1", Spent: "bitcoin:" + strings.Repeat("0d", 32) + ":0",
		Spender: strings.Repeat("0e", 32), Height: 9, BlockHash: "0c", Depth: 7, Software: "btcd", SecondSoftware: "Satoshi", IssuedAt: swaptest.Start}
}

func TestDeathAttestationRoundTrip(t *testing.T) {
	t.Parallel()
	k := swaptest.NewKeys()
	for _, a := range []swap.DeathAttestation{death(), lost()} {
		signed, err := swap.SignDeathAttestation(a, k.Attest)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := swap.VerifyDeathAttestation(signed, k.AttestKeys()); err != nil || got != a {
			t.Errorf("read back as %+v, %v", got, err)
		}
		if _, err := swap.VerifyDeathAttestation(signed, k.QuoteKeys()); !errors.Is(err, swap.ErrSignature) {
			t.Errorf("by a key that is not trusted for it: %v", err)
		}
		if _, err := swap.VerifyDepositAttestation(signed, k.AttestKeys()); !errors.Is(err, swap.ErrSignature) {
			t.Errorf("as another document: %v", err)
		}
	}
}

func TestDeathAttestationValidate(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(a *swap.DeathAttestation){
		"chain":                func(a *swap.DeathAttestation) { a.Chain = "dogecoin" },
		"anchor elsewhere":     func(a *swap.DeathAttestation) { a.Anchor = lost().Anchor },
		"another nonce":        func(a *swap.DeathAttestation) { a.Spent = strings.TrimSuffix(deadSender, "7") + "8" },
		"a nonce with zeros":   func(a *swap.DeathAttestation) { a.Anchor += "x"; a.Spent = a.Anchor },
		"spender":              func(a *swap.DeathAttestation) { a.Spender = strings.ToUpper(deadHash) },
		"spender elsewhere":    func(a *swap.DeathAttestation) { a.Spender = strings.Repeat("0e", 32) },
		"block":                func(a *swap.DeathAttestation) { a.BlockHash = "" },
		"height":               func(a *swap.DeathAttestation) { a.Height = -1 },
		"depth":                func(a *swap.DeathAttestation) { a.Depth = 0 },
		"finality":             func(a *swap.DeathAttestation) { a.Finality = "sure" },
		"software":             func(a *swap.DeathAttestation) { a.Software = "" },
		"the same twice":       func(a *swap.DeathAttestation) { a.SecondSoftware = a.Software },
		"a coin that fails":    func(a *swap.DeathAttestation) { *a = lost(); a.Failed = true },
		"a coin without index": func(a *swap.DeathAttestation) { *a = lost(); a.Spent = "bitcoin:" + strings.Repeat("0d", 32) },
	} {
		a := death()
		if err := a.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&a)
		if _, err := swap.SignDeathAttestation(a, swaptest.NewKeys().Attest); err == nil {
			t.Errorf("%s: it was signed", name)
		}
	}
}

// A spend kills what was signed with the anchor unless it is itself of these and has not
// failed.
func TestKills(t *testing.T) {
	t.Parallel()
	failed, foreign := death(), death()
	foreign.Failed = false
	other := "0x" + strings.Repeat("0f", 32)
	for name, c := range map[string]struct {
		a      swap.DeathAttestation
		anchor string
		signed []string
		want   string
	}{
		"one of ours has failed":  {failed, deadSender, []string{other, deadHash}, ""},
		"another one has moved":   {foreign, deadSender, []string{other}, ""},
		"nothing was signed":      {foreign, deadSender, nil, ""},
		"one of ours has paid":    {foreign, deadSender, []string{other, deadHash}, "payment was made"},
		"another anchor":          {failed, deadSender + "0", nil, "not of"},
		"the coin never comes":    {lost(), lost().Anchor, []string{other}, ""},
		"of what was really used": {lost(), lost().Spent, nil, "not of"},
	} {
		err := c.a.Kills(c.anchor, c.signed)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := foreign.Kills(deadSender, []string{deadHash}); !errors.Is(err, swap.ErrPaid) {
		t.Errorf("a payment that was made: %v", err)
	}
}

func TestMeetsDeath(t *testing.T) {
	t.Parallel()
	paid := asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(1000)}
	less := asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(999)}
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Ethereum: 3, asset.Bitcoin: 3}, Dead: map[asset.Chain]int64{asset.Ethereum: 7},
		FinalizedAbove: map[asset.ID]asset.Units{asset.ETH: less.Units}, SecondAbove: map[asset.ID]asset.Units{asset.ETH: less.Units}}
	if err := rules.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(a *swap.DeathAttestation)
		paid asset.Amount
		now  time.Duration
		want string
	}{
		"small":        {func(*swap.DeathAttestation) {}, less, 0, ""},
		"shallow":      {func(a *swap.DeathAttestation) { a.Depth = 6 }, less, 0, "7 are needed"},
		"no rule":      {func(a *swap.DeathAttestation) { *a = lost() }, less, 0, "never"},
		"old":          {func(*swap.DeathAttestation) {}, less, swap.AttestationAge + time.Millisecond, "more than"},
		"not final":    {func(a *swap.DeathAttestation) { a.Finality, a.SecondSoftware = swap.FinalitySafe, "Erigon" }, paid, 0, "finalized"},
		"one software": {func(a *swap.DeathAttestation) { a.Finality = swap.FinalityFinalized }, paid, 0, "two kinds"},
		"large":        {func(a *swap.DeathAttestation) { a.Finality, a.SecondSoftware = swap.FinalityFinalized, "Erigon" }, paid, 0, ""},
	} {
		a := death()
		c.edit(&a)
		err := rules.MeetsDeath(a, c.paid, swaptest.Start.Add(c.now))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, dead := range map[string]map[asset.Chain]int64{"before it is final": {asset.Bitcoin: 2}, "on no chain of ours": {asset.Litecoin: 9}} {
		rules.Dead = dead
		if err := rules.Validate(); err == nil {
			t.Errorf("%s: rules pass", name)
		}
	}
}

func TestCheckSpend(t *testing.T) {
	t.Parallel()
	txid, sender := strings.Repeat("0a", 32), "0x00000000000000000000000000000000000000Aa"
	for spend, want := range map[string]bool{
		"bitcoin:" + txid + ":0": true, "bitcoin:" + txid + ":4294967295": true, "ethereum:" + sender + ":0": true,
		"ethereum:" + sender + ":18446744073709551615": true,
		"bitcoin:" + txid + ":4294967296":              false, "bitcoin:" + txid + ":01": false, "bitcoin:" + txid + ":+1": false,
		"bitcoin:" + txid + ":": false, "bitcoin:" + txid: false, "bitcoin:" + strings.ToUpper(txid) + ":0": false, "bitcoin:0x" + txid + ":0": false,
		"litecoin:" + txid + ":0": false, "ethereum:" + sender + ":18446744073709551616": false, "ethereum:" + sender[2:] + ":0": false,
		"ethereum:" + sender + "0:0": false, "ethereum:0xzz" + sender[4:] + ":0": false, "": false,
	} {
		chain := asset.Bitcoin
		if strings.HasPrefix(spend, "ethereum") {
			chain = asset.Ethereum
		}
		if err := swap.CheckSpend(chain, spend); (err == nil) != want {
			t.Errorf("%q: %v", spend, err)
		}
	}
}

// What does for good does for the largest payment on the chain, whenever it was said; limits
// on other chains' assets ask for nothing.
func TestEndsForGood(t *testing.T) {
	t.Parallel()
	one := asset.NewUnits(1)
	bare := swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Ethereum: 3, asset.Bitcoin: 3}, Dead: map[asset.Chain]int64{asset.Ethereum: 7}}
	safe, finalized, second, elsewhere := bare, bare, bare, bare
	safe.SafeAbove = map[asset.ID]asset.Units{asset.USDT: one}
	finalized.FinalizedAbove = map[asset.ID]asset.Units{asset.ETH: one}
	second.SecondAbove = map[asset.ID]asset.Units{asset.ETH: one}
	elsewhere.SecondAbove = map[asset.ID]asset.Units{asset.BTC: one}
	for name, c := range map[string]struct {
		rules swap.DepositRules
		edit  func(a *swap.DeathAttestation)
		want  string
	}{
		"deep":         {bare, func(a *swap.DeathAttestation) { a.IssuedAt = a.IssuedAt.Add(-1000 * time.Hour) }, ""},
		"shallow":      {bare, func(a *swap.DeathAttestation) { a.Depth = 6 }, "7 are needed"},
		"no rule":      {bare, func(a *swap.DeathAttestation) { *a = lost() }, "never"},
		"not safe":     {safe, func(*swap.DeathAttestation) {}, "more than"},
		"safe":         {safe, func(a *swap.DeathAttestation) { a.Finality = swap.FinalitySafe }, ""},
		"not final":    {finalized, func(a *swap.DeathAttestation) { a.Finality = swap.FinalitySafe }, "more than"},
		"final":        {finalized, func(a *swap.DeathAttestation) { a.Finality = swap.FinalityFinalized }, ""},
		"one software": {second, func(*swap.DeathAttestation) {}, "two kinds"},
		"two":          {second, func(a *swap.DeathAttestation) { a.SecondSoftware = "Erigon" }, ""},
		"elsewhere":    {elsewhere, func(*swap.DeathAttestation) {}, ""},
	} {
		a := death()
		c.edit(&a)
		if err := c.rules.EndsForGood(a); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
