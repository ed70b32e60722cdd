package signer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// testRules are what the desk's signer demands of deposits.
func testRules() swap.DepositRules {
	return swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 3, asset.Litecoin: 3, asset.BitcoinCash: 3, asset.Ethereum: 3},
		Dead:        map[asset.Chain]int64{asset.Bitcoin: 10, asset.Litecoin: 10, asset.BitcoinCash: 10, asset.Ethereum: 10},
		SecondAbove: map[asset.ID]asset.Units{asset.ETH: asset.MustUnits("1000000000000000000")}}
}

// attestation is what attestd says of an authority's deposit, or what edit makes of it.
func (d *desk) attestation(t swaptest.Reporter, a *ferryv1.Authority, deposit *ferryv1.AuthorityDeposit, edit func(*swap.DepositAttestation)) (string, error) {
	t.Helper()
	terms, err := swap.DecodeTerms(a.GetSignedQuote(), a.GetSignedReceipt())
	if err != nil {
		return "", err
	}
	units, err := asset.ParseUnits(deposit.GetUnits())
	if err != nil {
		return "", err
	}
	id := terms.Quote.Pair.From
	if deposit.GetAsset() != "" {
		id = asset.ID(deposit.GetAsset())
	}
	known, ok := asset.Lookup(id)
	if !ok {
		return "", errors.New("an unknown asset")
	}
	at := swap.DepositAttestation{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(a.GetSignedReceipt()),
		Chain: known.Chain, DepositID: deposit.GetDepositId(), Address: terms.Receipt.DepositAddress,
		Amount: asset.Amount{Asset: id, Units: units}, Height: 7, BlockHash: strings.Repeat("0b", 32), Depth: 3,
		Software: "btcd", IssuedAt: swap.Millis(time.Now())}
	if edit != nil {
		edit(&at)
	}
	return swap.SignDepositAttestation(at, d.attestKey)
}

// attested is the authority with what attestd says of its deposits, unless a test has
// said something itself. What can't be attested goes without.
func (d *desk) attested(t swaptest.Reporter, a *ferryv1.Authority) *ferryv1.Authority {
	t.Helper()
	if a == nil || a.GetSignedAttestations() != nil || d.bare {
		return a
	}
	a = proto.Clone(a).(*ferryv1.Authority)
	for _, deposit := range a.GetDeposits() {
		signed, err := d.attestation(t, a, deposit, nil)
		if err != nil {
			return a
		}
		a.SignedAttestations = append(a.SignedAttestations, signed)
	}
	return a
}

// Each case breaks one rule of an otherwise good attestation; nothing is signed, and
// afterwards the payment still can be. The same for a payout and a refund.
func TestNothingIsSignedWithoutAttestation(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	payout := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	refund := d.authority(t, swap.PurposeRefund, asset.BTC, asset.ETH, "b")
	with := func(edit func(*swap.DepositAttestation)) func(a *ferryv1.Authority) []string {
		return func(a *ferryv1.Authority) []string {
			signed, err := d.attestation(t, a, a.GetDeposits()[0], edit)
			if err != nil {
				t.Fatal(err)
			}
			return []string{signed}
		}
	}
	for name, c := range map[string]struct {
		attest   func(a *ferryv1.Authority) []string
		sentence string
	}{
		"none":         {func(*ferryv1.Authority) []string { return []string{} }, "one attestation for each"},
		"an empty one": {func(*ferryv1.Authority) []string { return []string{""} }, "does not verify"},
		"one too many": {func(a *ferryv1.Authority) []string { s := with(nil)(a); return append(s, s...) }, "one attestation for each"},
		"a stranger's": {func(a *ferryv1.Authority) []string {
			signed, err := stranger.attestation(t, a, a.GetDeposits()[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			return []string{signed}
		}, "does not verify"},
		"another document":  {func(a *ferryv1.Authority) []string { return []string{a.GetSignedReceipt()} }, "does not verify"},
		"tampered with":     {func(a *ferryv1.Authority) []string { return []string{tampered(with(nil)(a)[0])} }, "does not verify"},
		"another swap's":    {with(func(a *swap.DepositAttestation) { a.SwapID = swap.NewID(swap.SwapPrefix, a.IssuedAt) }), "another receipt"},
		"another receipt's": {with(func(a *swap.DepositAttestation) { a.ReceiptHash = strings.Repeat("0c", 32) }), "another receipt"},
		"another deposit's": {with(func(a *swap.DepositAttestation) { a.DepositID = depositID(a.Chain, "other") }), "not for"},
		"another address's": {with(func(a *swap.DepositAttestation) { a.Address = "elsewhere" }), "another address"},
		"another amount":    {with(func(a *swap.DepositAttestation) { a.Amount.Units = asset.NewUnits(1) }), "not for"},
		"not deep enough":   {with(func(a *swap.DepositAttestation) { a.Depth = 2 }), "3 are needed"},
		"too old":           {with(func(a *swap.DepositAttestation) { a.IssuedAt = a.IssuedAt.Add(-swap.AttestationAge - time.Minute) }), "more than"},
		"from the future":   {with(func(a *swap.DepositAttestation) { a.IssuedAt = a.IssuedAt.Add(swap.AttestationAge + time.Minute) }), "more than"},
		"of the other chain": {with(func(a *swap.DepositAttestation) {
			if a.Chain = asset.Bitcoin; a.Amount.Asset == asset.BTC {
				a.Chain = asset.Ethereum
			}
			a.Amount.Asset = a.Chain.NativeID()
		}), "the deposit is on"},
	} {
		t.Run(name, func(t *testing.T) {
			d.bare = true
			defer func() { d.bare = false }()
			for _, good := range []*ferryv1.Authority{payout, refund} {
				a := proto.Clone(good).(*ferryv1.Authority)
				a.SignedAttestations = c.attest(a)
				_, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "x"))
				wantRefusal(t, err, fieldAttestations, c.sentence)
			}
		})
	}
	for coin, a := range map[string]*ferryv1.Authority{"x": payout, "y": refund} {
		if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, coin)); err != nil {
			t.Errorf("the %s itself: %v", a.GetPurpose(), err)
		}
	}
}

// Each deposit of a payment has an attestation of its own, in the order of deposits.
func TestEachDepositIsAttested(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.inParts(t, "a", "b")
	whole := d.attested(t, a)
	for _, signed := range map[string][]string{
		"the first twice": {whole.GetSignedAttestations()[0], whole.GetSignedAttestations()[0]},
		"the other way":   {whole.GetSignedAttestations()[1], whole.GetSignedAttestations()[0]},
	} {
		b := proto.Clone(a).(*ferryv1.Authority)
		b.SignedAttestations = signed
		_, err := d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "x"))
		wantRefusal(t, err, fieldAttestations, "not for")
	}
	// What was refused is signed for with newer ones only.
	if _, err := d.signBitcoin(d.spendCoins(t, d.attested(t, a), payoutSat, feeSat, "x")); err != nil {
		t.Fatal(err)
	}
}

// A deposit above the limit of its asset needs nodes of two kinds of software.
func TestLargeDepositsNeedTwoKindsOfSoftware(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	for units, second := range map[string]bool{"1000000000000000000": false, "1000000000000000001": true} {
		b := proto.Clone(a).(*ferryv1.Authority)
		b.Deposits[0].Units = units
		_, err := d.signer.authorise(asset.Bitcoin, d.attested(t, b))
		if !second {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		wantRefusal(t, err, fieldAttestations, "two kinds of software")
		signed, err := d.attestation(t, b, b.GetDeposits()[0], func(a *swap.DepositAttestation) { a.SecondSoftware = "Satoshi" })
		if err != nil {
			t.Fatal(err)
		}
		b.SignedAttestations = []string{signed}
		if _, err := d.signer.authorise(asset.Bitcoin, b); err != nil {
			t.Error(err)
		}
	}
}
