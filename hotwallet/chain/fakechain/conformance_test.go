package fakechain_test

import (
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("bitcoin", func(t *testing.T) {
		t.Parallel()
		chaintest.Run(t, utxo{harness{fakechain.NewBitcoin(fakechain.Config{Seed: 1})}})
	})
	t.Run("ethereum", func(t *testing.T) {
		t.Parallel()
		chaintest.Run(t, accounts{harness{fakechain.NewEthereum(fakechain.Config{Seed: 1})}})
	})
}

type harness struct{ c *fakechain.Chain }

func (h harness) Adapter() chain.Adapter { return h.c }

func (h harness) NewAddress(testing.TB) chaintest.Account {
	return chaintest.Account{Address: h.c.NewAddress(), Path: "m/0"}
}

func (h harness) Stranger(testing.TB) string { return h.c.NewAddress() }

func (h harness) Pay(_ testing.TB, address string, units asset.Units) string {
	return h.c.Pay(address, units)
}

func (h harness) Mine(_ testing.TB, n int) chain.Ref { return h.c.Mine(n) }

func (h harness) Reorg(_ testing.TB, n int) { h.c.Reorg(n, fakechain.Return) }

func (h harness) Sign(_ testing.TB, p chain.Plan) ([]byte, string) { return fakechain.Sign(p) }

func (h harness) Received(_ testing.TB, address string) asset.Units { return h.c.Received(address) }

type utxo struct{ harness }

func (u utxo) PayTwice(_ testing.TB, address string, first, second asset.Units) string {
	return u.c.PayMany(fakechain.Output{Address: address, Units: first}, fakechain.Output{Address: address, Units: second})
}

func (u utxo) PayShared(t testing.TB, _ chaintest.Account, _ asset.Units) []string {
	t.Helper()
	t.Skip("the fake chain has no scripts")
	return nil
}

func (u utxo) MineTo(testing.TB) string {
	a := u.c.NewAddress()
	u.c.MineCoinbase(a, units(5_000_000_000))
	return a
}

type accounts struct{ harness }

func (a accounts) SendFailing(t testing.TB, from chaintest.Account, nonce uint64, amount asset.Units) (string, string) {
	t.Helper()
	to := a.c.NewAddress()
	p, err := a.c.Plan(t.Context(), chain.Funds{Sender: from.Address, Nonce: nonce, Balance: a.c.Balance(from.Address)},
		chain.Pay(chain.Output{Destination: to, Asset: a.c.Chain().NativeID(), Units: amount}, coin))
	if err != nil {
		t.Fatal(err)
	}
	raw, txid := fakechain.Sign(p)
	a.c.Fail(txid)
	if _, err := a.c.Broadcast(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	return txid, to
}

func (a accounts) Token(testing.TB) string {
	token := a.c.NewAddress()
	a.c.Forbid(token)
	return token
}

func (a accounts) PayInside(_ testing.TB, payments ...chaintest.Payment) string {
	var outputs []fakechain.Output
	for _, p := range payments {
		outputs = append(outputs, fakechain.Output{Address: p.Address, Units: p.Units})
	}
	return a.c.PayMany(outputs...)
}

func (a accounts) Wallet(testing.TB) string { return a.c.NewAddress() }

func (a accounts) PayToken(_ testing.TB, token asset.ID, address string, units asset.Units) string {
	return a.c.PayToken(token, fakechain.Output{Address: address, Units: units})
}

func (a accounts) ReceivedToken(_ testing.TB, token asset.ID, address string) asset.Units {
	return a.c.ReceivedToken(token, address)
}

func (a accounts) Refuse(_ testing.TB, token asset.ID, refuse bool) { a.c.RefuseToken(token, refuse) }
