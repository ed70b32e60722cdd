package simulation

import (
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// swapped are the assets of this world; the token shares its chain, and its gas, with
// ether.
var swapped = []asset.ID{asset.BTC, asset.ETH, asset.USDT}

// tokens are those of a chain.
func tokens(on asset.Chain) []asset.ID {
	if on == asset.Ethereum {
		return []asset.ID{asset.USDT}
	}
	return nil
}

// of are the rules of an asset's chain with the amounts that are the asset's own.
func (w *World) of(id asset.ID) chainRules {
	a := asset.MustLookup(id)
	r := w.rules[a.Chain]
	if a.Token {
		r.dust, r.refundFee, r.typical = asset.NewUnits(1_500_000), asset.NewUnits(400_000), asset.NewUnits(250_000_000)
	}
	return r
}

// from is what the user's swap takes, wherever it comes from.
func (u *user) from() asset.ID { return u.terms.Quote.Deposit.Asset }

// received is what the chain paid to an address of one asset.
func (w *World) received(id asset.ID, address string) asset.Units {
	a := asset.MustLookup(id)
	if a.Token {
		return w.chains[a.Chain].ReceivedToken(id, address)
	}
	return w.chains[a.Chain].Received(address)
}

// payAll has a stranger pay outputs: by one transaction where the chain has outputs, else
// by one each.
func (w *World) payAll(id asset.ID, outputs []fakechain.Output) {
	a := asset.MustLookup(id)
	on := w.chains[a.Chain]
	switch {
	case a.Token:
		for _, o := range outputs {
			on.PayToken(id, o)
		}
	case a.Chain.Family() == asset.Account:
		for _, o := range outputs {
			on.Pay(o.Address, o.Units)
		}
	default:
		on.PayMany(outputs...)
	}
}

// moves is the asset that an unconfirmed transaction is of.
func (w *World) moves(on asset.Chain, txid string) asset.ID {
	t, _, err := fakechain.Decode(w.chains[on].Raw(txid))
	must(err)
	if t.Token != "" {
		return t.Token
	}
	return on.NativeID()
}
