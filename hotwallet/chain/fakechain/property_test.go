package fakechain_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// book follows the chain as a watcher does: what the blocks of the best chain
// credit and debit.
type book struct {
	addresses map[string]bool
	coins     map[string]asset.Units // unspent, UTXO chain
	balance   asset.Units
}

func (b *book) Address(a string) bool { return b.addresses[a] }
func (b *book) Coin(id string) bool   { _, ok := b.coins[id]; return ok }

// TestHeldIsWhatBlocksSay: whatever happens to a chain, Held at its tip is the
// credits less the debits of its blocks, no coin is spent twice, and every
// payment of ours is mined at most once.
func TestHeldIsWhatBlocksSay(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(fakechain.Config) *fakechain.Chain{
		"bitcoin": fakechain.NewBitcoin, "ethereum": fakechain.NewEthereum,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { runHistory(t, build(fakechain.Config{Seed: 3})) })
		})
	}
}

func runHistory(t *rapid.T, c *fakechain.Chain) {
	ours := []string{c.NewAddress(), c.NewAddress(), c.NewAddress()}
	paid := map[string]bool{}
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		a := rapid.SampledFrom(ours).Draw(t, "address")
		n := rapid.IntRange(1, 3).Draw(t, "n")
		switch rapid.SampledFrom([]string{"deposit", "pay", "mine", "mine empty", "reorg", "evict", "replace"}).Draw(t, "step") {
		case "deposit":
			c.Pay(a, coin)
		case "pay":
			payFrom(t, c, read(t, c, ours), a, paid)
		case "mine":
			c.Mine(n)
		case "mine empty":
			c.MineEmpty(n)
		case "reorg":
			tip, err := c.Tip(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			fate := rapid.SampledFrom([]fakechain.Fate{fakechain.Return, fakechain.Drop, fakechain.DoubleSpend}).Draw(t, "fate")
			c.Reorg(min(n, int(tip.Height)), fate)
		case "evict":
			if ids := c.Unconfirmed(); len(ids) > 0 {
				c.Evict(rapid.SampledFrom(ids).Draw(t, "evicted"))
			}
		case "replace":
			for _, id := range c.Unconfirmed() {
				if !paid[id] {
					c.Replace(id, fakechain.Output{Address: a, Units: units(777)})
					break
				}
			}
		}
		read(t, c, ours)
	}
}

// read reads the whole best chain, and compares it with what the node holds.
func read(t *rapid.T, c *fakechain.Chain, ours []string) *book {
	b := &book{addresses: map[string]bool{}, coins: map[string]asset.Units{}}
	for _, a := range ours {
		b.addresses[a] = true
	}
	tip, err := c.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mined := map[string]bool{}
	for h := int64(0); h <= tip.Height; h++ {
		ref, err := c.RefAt(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		block, err := c.Block(t.Context(), ref, b)
		if err != nil {
			t.Fatal(err)
		}
		b.apply(t, c, block, mined)
	}
	var ids []string
	for id := range b.coins {
		ids = append(ids, id)
	}
	held, err := c.Held(t.Context(), tip, c.Chain().NativeID(), ids, ours)
	if err != nil || held != b.balance {
		t.Fatalf("held %s (%v), the blocks say %s", held, err, b.balance)
	}
	return b
}

func (b *book) apply(t *rapid.T, c *fakechain.Chain, block chain.Block, mined map[string]bool) {
	add := func(u asset.Units, err error) {
		if err != nil {
			t.Fatal(err)
		}
		b.balance = u
	}
	for _, credit := range block.Credits {
		if b.Coin(credit.CoinID()) {
			t.Fatalf("%s is credited twice", credit.CoinID())
		}
		if c.Chain() == asset.Bitcoin {
			b.coins[credit.CoinID()] = credit.Units
		}
		add(b.balance.Add(credit.Units))
	}
	for _, d := range block.Debits {
		key := fmt.Sprint(d.CoinID, d.Address, d.Nonce)
		if mined[key] {
			t.Fatalf("%s is spent twice", key)
		}
		mined[key] = true
		if c.Chain() == asset.Bitcoin {
			add(b.balance.Sub(b.coins[d.CoinID]))
			delete(b.coins, d.CoinID)
			continue
		}
		add(b.balance.Sub(d.Units))
		add(b.balance.Sub(d.Fee))
	}
}

// payFrom makes a payment out of what the blocks say we have.
func payFrom(t *rapid.T, c *fakechain.Chain, b *book, from string, paid map[string]bool) {
	f := chain.Funds{Sender: from, Balance: c.Balance(from), ChangeAddress: from}
	for id, u := range b.coins {
		f.Coins = append(f.Coins, chain.Coin{TxID: id[:len(id)-2], Index: uint32(id[len(id)-1] - '0'), Units: u})
	}
	for nonce := range uint64(30) { // the next one that was not mined
		f.Nonce = nonce
		p, err := c.Plan(t.Context(), f, chain.Pay(chain.Output{Destination: c.NewAddress(), Asset: c.Chain().NativeID(), Units: units(60_000)}, coin))
		if err != nil {
			return
		}
		raw, txid := fakechain.Sign(p)
		if got, _ := c.Broadcast(t.Context(), raw); got != chain.Conflicting {
			paid[txid] = true
			return
		}
		if c.Chain() == asset.Bitcoin {
			return
		}
	}
}
