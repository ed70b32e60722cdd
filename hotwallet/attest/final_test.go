package attest

import (
	"errors"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// A deposit is looked at by the rules of its amount: deeper on any chain, and on an
// account chain in a block that the attestor's own node calls finalized.
func TestLookByAmount(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), fakechain.NewEthereum(fakechain.Config{Networks: swaptest.Networks})
	d.seeing(t, Node{c, named("Geth")})
	limit := asset.NewUnits(1_000_000)
	tiered := rules()
	tiered.Tiers = map[asset.ID][]swap.Tier{asset.ETH: {{Above: limit, Confirmations: confirmations + 4}}}
	tiered.FinalizedAbove = map[asset.ID]asset.Units{asset.ETH: limit}
	if err := d.config.Witness.SetRules(tiered); err != nil {
		t.Fatal(err)
	}
	c.StallFinality(true)
	small := d.paid(t, c, 0, limit, confirmations)
	large := d.paid(t, c, 1, asset.NewUnits(1_000_001), confirmations)
	if _, err := d.attestDeposit(small); err != nil {
		t.Errorf("a small deposit: %v", err)
	}
	refusedFor(t, d, large, "finality")
	c.StallFinality(false)
	c.MineEmpty(2) // its block is finalized now
	refusedFor(t, d, large, "depth")
	c.MineEmpty(2)
	c.ForgetFinality(true)
	refusedFor(t, d, large, "finality")
	c.ForgetFinality(false)
	signed, err := d.attestDeposit(large)
	if err != nil {
		t.Fatal(err)
	}
	got, err := swap.VerifyDepositAttestation(signed, d.attestKeys())
	if err != nil || got.Finality != swap.FinalityFinalized {
		t.Errorf("attested as %q, %v", got.Finality, err)
	}
	for name, wrong := range map[string]swap.DepositRules{"none": {}, "no chain": {Confirmations: map[asset.Chain]int64{asset.Bitcoin: 1}}} {
		if err := d.config.Witness.SetRules(wrong); err == nil {
			t.Errorf("%s: rules were taken", name)
		}
	}
}

func refusedFor(t *testing.T, d *desk, r *ferryv1.AttestDepositRequest, field string) {
	t.Helper()
	var refusal *swap.Error
	if _, err := d.attestDeposit(r); !errors.As(err, &refusal) || refusal.Field != field {
		t.Errorf("%v, want a refusal that names %s", err, field)
	}
}
