package attest

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// Bitcoin that came to the older form of a receipt's Bitcoin Cash address is attested,
// at the form that is derived here; what came to a neighbour's, or to the very text of
// the receipt, is not.
func TestSiblingIsAttestedAtItsForm(t *testing.T) {
	t.Parallel()
	networks := asset.Networks{Bitcoin: "simnet", BitcoinCash: "simnet", EthereumChainID: 1337}
	d := newDeskOn(t, t.TempDir(), networks)
	t.Cleanup(func() {
		if err := d.attestor.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	c := fakechain.NewBitcoin(fakechain.Config{Seed: 1, Networks: networks})
	d.seeing(t, Node{c, named("btcd")})
	terms := d.request(t, asset.BCH, asset.ETH, 1)
	signed := d.mustAttest(t, terms)
	form, ok := keys.SiblingAddress(networks, asset.Bitcoin, terms.GetAddress())
	neighbour, _ := keys.SiblingAddress(networks, asset.Bitcoin, d.own(t, asset.BitcoinCash, keys.Deposit, keys.External, 2))
	if !ok || neighbour == "" {
		t.Fatal("there is no form")
	}
	units := asset.NewUnits(1_000_000)
	paid := map[string]string{}
	for _, address := range []string{form, neighbour, terms.GetAddress()} {
		paid[address] = fmt.Sprintf("bitcoin:%s:0", c.Pay(address, units))
	}
	at := c.Mine(1)
	c.MineEmpty(confirmations)
	good := &ferryv1.AttestDepositRequest{SignedQuote: terms.GetTerms().GetSignedQuote(), SignedReceipt: signed, DepositId: paid[form],
		Asset: string(asset.BTC), Units: units.String(), Height: at.Height, BlockHash: at.Hash, PayerChain: "bitcoin", FencingToken: 7}
	text, err := d.attestDeposit(good)
	if err != nil {
		t.Fatal(err)
	}
	got, err := swap.VerifyDepositAttestation(text, d.attestKeys())
	if err != nil || got.Chain != asset.Bitcoin || got.Address != form || got.Amount != (asset.Amount{Asset: asset.BTC, Units: units}) {
		t.Errorf("attested %+v, %v", got, err)
	}
	for name, row := range map[string]struct {
		change          func(r *ferryv1.AttestDepositRequest)
		field, sentence string
	}{
		"a neighbour's":      {func(r *ferryv1.AttestDepositRequest) { r.DepositId = paid[neighbour] }, "deposit_id", "no such deposit"},
		"the receipt's text": {func(r *ferryv1.AttestDepositRequest) { r.DepositId = paid[terms.GetAddress()] }, "deposit_id", "no such deposit"},
		"on Litecoin": {func(r *ferryv1.AttestDepositRequest) {
			r.Asset, r.DepositId, r.PayerChain = "LTC", "litecoin:00:0", "bitcoincash"
		}, "deposit_id", "no deposit on bitcoincash"},
		"as bitcoin cash": {func(r *ferryv1.AttestDepositRequest) { r.Asset, r.PayerChain = "BCH", "bitcoincash" }, "deposit_id", "no deposit on bitcoincash"},
		"paid elsewhere":  {func(r *ferryv1.AttestDepositRequest) { r.PayerChain = "litecoin" }, "payer_chain", "none of the quote's chains"},
	} {
		t.Run(name, func(t *testing.T) {
			r := proto.Clone(good).(*ferryv1.AttestDepositRequest)
			row.change(r)
			_, err := d.attestDeposit(r)
			swaptest.WantRefusal(t, err, swap.CodeRefused, row.field, row.sentence)
		})
	}
	// As a destination the form is ours.
	again := d.request(t, asset.ETH, asset.BTC, 0)
	again.Terms.PayoutAddress, again.Terms.RefundAddress = form, swaptest.EthereumAddress
	_, err = d.attest(again)
	swaptest.WantRefusal(t, err, swap.CodeForbiddenAddress, "terms.payout_address", "our own")
}
