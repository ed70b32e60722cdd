package signer

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

func TestAuthorityRefused(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	good := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	with := func(change func(a *ferryv1.Authority)) *ferryv1.Authority {
		a := proto.Clone(good).(*ferryv1.Authority)
		change(a)
		return a
	}
	foreign := stranger.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	other := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	sloppy := quote(asset.ETH, asset.BTC)
	sloppyReceipt := d.receipt(sloppy)
	sloppyReceipt.PayoutAddress = strings.ToUpper(sloppyReceipt.PayoutAddress)
	sloppyQuote, sloppySigned := d.signTerms(t, sloppy, sloppyReceipt)
	sloppyReceipt.PayoutAddress = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"
	mainnetQuote, mainnetSigned := d.signTerms(t, sloppy, sloppyReceipt)
	for name, c := range map[string]struct {
		authority       *ferryv1.Authority
		field, sentence string
	}{
		"missing":                 {nil, "authority", "missing"},
		"no purpose":              {with(func(a *ferryv1.Authority) { a.Purpose = "" }), "authority.purpose", "not one the signer signs for"},
		"a bonus":                 {with(func(a *ferryv1.Authority) { a.Purpose = "bonus" }), "authority.purpose", "not one the signer signs for"},
		"a purpose in capitals":   {with(func(a *ferryv1.Authority) { a.Purpose = "Payout" }), "authority.purpose", "not one the signer signs for"},
		"foreign terms":           {foreign, "authority", "do not verify"},
		"foreign quote":           {with(func(a *ferryv1.Authority) { a.SignedQuote = foreign.GetSignedQuote() }), "authority", "do not verify"},
		"foreign receipt":         {with(func(a *ferryv1.Authority) { a.SignedReceipt = foreign.GetSignedReceipt() }), "authority", "do not verify"},
		"receipt of another":      {with(func(a *ferryv1.Authority) { a.SignedReceipt = other.GetSignedReceipt() }), "authority", "do not verify"},
		"quote and receipt equal": {with(func(a *ferryv1.Authority) { a.SignedReceipt = a.GetSignedQuote() }), "authority", "do not verify"},
		"no quote":                {with(func(a *ferryv1.Authority) { a.SignedQuote = "" }), "authority", "do not verify"},
		"no lease":                {with(func(a *ferryv1.Authority) { a.FencingToken = 0 }), "authority.fencing_token", "no lease"},
		"no deposit amount":       {with(func(a *ferryv1.Authority) { a.Deposits[0].Units = "0" }), "authority.deposits.units", "above zero"},
		"deposit amount in words": {with(func(a *ferryv1.Authority) { a.Deposits[0].Units = "1e18" }), "authority.deposits.units", "above zero"},
		"a short deposit paid out": {with(func(a *ferryv1.Authority) { a.Deposits[0].Units = "249999999999999999" }),
			"authority.deposits.units", "short of the quote"},
		"a deposit on the payout chain": {with(func(a *ferryv1.Authority) { a.Deposits[0].DepositId = depositID(asset.Bitcoin, "a") }),
			"authority.deposits.deposit_id", "deposit chain"},
		"a payout on the deposit chain": {d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a"), "authority.purpose", "another chain"},
		"a refund on the payout chain":  {with(func(a *ferryv1.Authority) { a.Purpose = "refund" }), "authority.purpose", "another chain"},
		"address not canonical": {with(func(a *ferryv1.Authority) { a.SignedQuote, a.SignedReceipt = sloppyQuote, sloppySigned }),
			"authority.signed_receipt", "canonical"},
		"address of another network": {with(func(a *ferryv1.Authority) { a.SignedQuote, a.SignedReceipt = mainnetQuote, mainnetSigned }),
			"authority.signed_receipt", "can't be paid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signBitcoin(d.spendCoins(t, c.authority, payoutSat, feeSat, "x"))
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if _, err := d.signBitcoin(d.spendCoins(t, good, payoutSat, feeSat, "x")); err != nil {
		t.Fatalf("the payout itself: %v", err)
	}
}

func TestRefundIsTheDepositLessAtMostTheQuotedFee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		sat      int64
		sentence string
	}{
		{"the whole deposit", payoutSat, ""},
		{"less the largest fee", payoutSat - 5_000, ""},
		{"less more than that", payoutSat - 5_001, "too small for this refund"},
		{"more than the deposit", payoutSat + 1, "too large for this refund"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			_, err := d.signBitcoin(d.spendCoins(t, d.authority(t, swap.PurposeRefund, asset.BTC, asset.ETH, "a"), c.sat, feeSat, "x"))
			if c.sentence == "" && err != nil {
				t.Fatal(err)
			}
			if c.sentence != "" {
				wantRefusal(t, err, "unsigned_tx", c.sentence)
			}
		})
	}
}

// A deposit has one name, or it could be refunded under each of its names.
func TestDepositIDHasOneSpelling(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("0a", 32)
	for id, want := range map[string]bool{
		"bitcoin:" + hash + ":0": true, "bitcoin:" + hash + ":4294967295": true,
		"bitcoin:" + hash + ":4294967296": false, "bitcoin:" + hash + ":00": false, "bitcoin:" + hash + ":+1": false,
		"bitcoin:" + hash + ":": false, "bitcoin:" + hash: false, "bitcoin:" + hash + ":0:0": false,
		"bitcoin:" + strings.ToUpper(hash) + ":0": false, "bitcoin:0x" + hash + ":0": false, "bitcoin:" + hash[2:] + ":0": false,
		"Bitcoin:" + hash + ":0": false, "ethereum:0x" + hash + ":0": false, "": false,
	} {
		if got := validDepositID(asset.Bitcoin, id); got != want {
			t.Errorf("%q is valid: %v, want %v", id, got, want)
		}
	}
	const content = "214972017208646355499119683230842144666" // 128 bits, the highest set
	for id, want := range map[string]bool{
		"ethereum:0x" + hash + ":" + content: true, "bitcoin:" + hash + ":" + content: false,
		"ethereum:0x" + hash + ":0" + content: false, "ethereum:0x" + hash + ":" + content + "0": false,
		"ethereum:0x" + hash + ":" + content[1:]:                          false, // 126 bits
		"ethereum:0x" + hash + ":340282366920938463463374607431768211455": true,
		"ethereum:0x" + hash + ":340282366920938463463374607431768211456": false, // 2^128
		"ethereum:0x" + hash + ":4294967295":                              true,
		"ethereum:0x" + hash + ":4294967296":                              false,
		"ethereum:0x" + hash + ":+1":                                      false,
	} {
		if got := validDepositID(asset.Chain(id[:strings.IndexByte(id, ':')]), id); got != want {
			t.Errorf("%s: %v", id, got)
		}
	}
	if !validDepositID(asset.Ethereum, "ethereum:0x"+hash+":0") || validDepositID(asset.Ethereum, "ethereum:"+hash+":0") {
		t.Error("an Ethereum deposit is named with 0x, and only so")
	}
}
