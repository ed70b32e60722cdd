package signer

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

func clone[M proto.Message](m M) M { return proto.Clone(m).(M) }

// What is good for one purpose is signed for no other: neither its transaction under
// another's authority, nor its authority under another's name, nor, once it is signed,
// the same coin or nonce for anything else. Every ordered pair of purposes, on a chain of
// each kind.
func TestNoPurposePassesForAnother(t *testing.T) {
	t.Parallel()
	for _, on := range []asset.Chain{asset.Bitcoin, asset.BitcoinCash, asset.Ethereum} {
		for one := range (&desk{}).purposes(on) {
			for other := range (&desk{}).purposes(on) {
				if one == other {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s as %s", on, one, other), func(t *testing.T) {
					t.Parallel()
					d := deskFor(t)
					all := d.everyPurpose(t, on)
					good := all[one]
					renamed := clone(good.authority())
					renamed.Purpose = string(other)
					refused := func(what string, a ask) {
						t.Helper()
						if _, err := d.sign(a); swap.ErrorCode(err) != swap.CodeRefused {
							t.Errorf("%s: %v, want a refusal", what, err)
						}
					}
					refused("another name", good.under(renamed))
					refused("another's authority", good.under(all[other].authority()))
					if n := d.signedCount(t); n != 0 {
						t.Fatalf("%d signatures are recorded, want none", n)
					}
					if _, err := d.sign(good); err != nil {
						t.Fatalf("itself: %v", err)
					}
					if on == asset.Ethereum && (one == swap.PurposeSweep || other == swap.PurposeSweep) {
						return // its nonce is another sender's
					}
					_, err := d.sign(all[other])
					wantRefusal(t, err, "unsigned_tx", "signed for another payment")
				})
			}
		}
	}
}

// purposes are those that a chain has.
func (*desk) purposes(on asset.Chain) map[swap.Purpose]bool {
	all := map[swap.Purpose]bool{swap.PurposePayout: true, swap.PurposeRefund: true, swap.PurposeSweep: true}
	if on == asset.Ethereum {
		all[swap.PurposeGasTopUp], all[swap.PurposeGapFill] = true, true
	}
	return all
}

// A swap's documents are no authority for what the house pays, and nothing of the house's
// has business in a swap's.
func TestNoDocumentServesAnotherPurpose(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.everyPurpose(t, asset.Ethereum)
	swaps := d.attested(t, all[swap.PurposePayout].authority())
	for _, purpose := range []swap.Purpose{swap.PurposeSweep, swap.PurposeGasTopUp, swap.PurposeGapFill} {
		for field, add := range map[string]func(a *ferryv1.Authority){
			"authority.signed_quote":              func(a *ferryv1.Authority) { a.SignedQuote = swaps.GetSignedQuote() },
			"authority.signed_receipt":            func(a *ferryv1.Authority) { a.SignedReceipt = swaps.GetSignedReceipt() },
			"authority.signed_requote":            func(a *ferryv1.Authority) { a.SignedRequote = "requote" },
			"authority.signed_consent":            func(a *ferryv1.Authority) { a.SignedConsent = "consent" },
			"authority.signed_refund_address":     func(a *ferryv1.Authority) { a.SignedRefundAddress = "address" },
			"authority.signed_wrong_asset_refund": func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = "yes" },
			"authority.signed_attestations":       func(a *ferryv1.Authority) { a.SignedAttestations = swaps.GetSignedAttestations() },
			"authority.deposits":                  func(a *ferryv1.Authority) { a.Deposits = swaps.GetDeposits() },
			"authority.fencing_token":             func(a *ferryv1.Authority) { a.FencingToken = 0 },
		} {
			a := clone(all[purpose].authority())
			add(a)
			_, err := d.sign(all[purpose].under(a))
			wantRefusal(t, err, field, "")
		}
	}
	for field, add := range map[string]func(a *ferryv1.Authority){
		"authority.asset":        func(a *ferryv1.Authority) { a.Asset = "ETH" },
		"authority.deposit_path": func(a *ferryv1.Authority) { a.DepositPath = depositPath },
	} {
		for _, purpose := range []swap.Purpose{swap.PurposePayout, swap.PurposeRefund, swap.PurposeSweep, swap.PurposeGasTopUp, swap.PurposeGapFill} {
			if field == "authority.asset" && purpose == swap.PurposeSweep || field == "authority.deposit_path" && purpose == swap.PurposeGasTopUp {
				continue
			}
			a := clone(all[purpose].authority())
			add(a)
			_, err := d.sign(all[purpose].under(a))
			wantRefusal(t, err, field, "Only a")
		}
	}
	if n := d.signedCount(t); n != 0 {
		t.Errorf("%d signatures are recorded, want none", n)
	}
}
