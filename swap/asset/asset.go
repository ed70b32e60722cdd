package asset

import (
	"fmt"
	"slices"
)

// Chain names a public chain. The text is what appears in APIs, topics and rows.
type Chain string

// The chains Ferry knows. Networks says which of them a deployment runs.
const (
	Bitcoin     Chain = "bitcoin"
	Litecoin    Chain = "litecoin"
	BitcoinCash Chain = "bitcoincash"
	Ethereum    Chain = "ethereum"
)

// Family is how a chain keeps who owns what.
type Family string

// The families. Within one, code is shared and chains differ in parameters.
const (
	// UTXO chains have coins: outputs that are spent whole.
	UTXO Family = "utxo"
	// Account chains have balances, a nonce per sender, and tokens.
	Account Family = "account"
)

// Family of the chain; "" if the chain is not known.
func (c Chain) Family() Family {
	switch c {
	case Bitcoin, Litecoin, BitcoinCash:
		return UTXO
	case Ethereum:
		return Account
	}
	return ""
}

// ID is an asset's ticker, in upper case.
type ID string

// The assets Ferry swaps.
const (
	BTC  ID = "BTC"
	LTC  ID = "LTC"
	BCH  ID = "BCH"
	ETH  ID = "ETH"
	USDT ID = "USDT"
	USDC ID = "USDC"
)

// Asset is what an amount is counted in.
type Asset struct {
	ID    ID
	Name  string
	Chain Chain
	// Decimals is the number of places between the coin and its base unit:
	// 8 for satoshi, 18 for wei.
	Decimals int
	// Unit is the name of the base unit.
	Unit string
	// Token says that the asset is a contract's, not the chain's own. Its contract is
	// the deployment's to pin (Networks.Contract).
	Token bool
}

// QuotePlaces is the most decimal places an amount computed by Ferry has. The
// rounded number is the term of the swap, so no wallet has to round it again.
const QuotePlaces = 8

var assets = []Asset{
	{ID: BTC, Name: "Bitcoin", Chain: Bitcoin, Decimals: 8, Unit: "sat"},
	{ID: LTC, Name: "Litecoin", Chain: Litecoin, Decimals: 8, Unit: "litoshi"},
	{ID: BCH, Name: "Bitcoin Cash", Chain: BitcoinCash, Decimals: 8, Unit: "sat"},
	{ID: ETH, Name: "Ether", Chain: Ethereum, Decimals: 18, Unit: "wei"},
	{ID: USDT, Name: "Tether USD", Chain: Ethereum, Decimals: 6, Unit: "micro-USDT", Token: true},
	{ID: USDC, Name: "USD Coin", Chain: Ethereum, Decimals: 6, Unit: "micro-USDC", Token: true},
}

// All lists the assets in a fixed order.
func All() []Asset { return slices.Clone(assets) }

// Chains lists the chains in a fixed order, each once.
func Chains() []Chain {
	var chains []Chain
	for _, a := range assets {
		if !slices.Contains(chains, a.Chain) {
			chains = append(chains, a.Chain)
		}
	}
	return chains
}

// Lookup finds an asset by its ticker.
func Lookup(id ID) (Asset, bool) {
	for _, a := range assets {
		if a.ID == id {
			return a, true
		}
	}
	return Asset{}, false
}

// MustLookup is Lookup for tickers that are constants of this package. It
// panics on any other: that is a mistake in the code, not in the input.
func MustLookup(id ID) Asset {
	a, ok := Lookup(id)
	if !ok {
		panic(fmt.Sprintf("asset: %q is not registered", id))
	}
	return a
}

// Native is the asset in which a chain's own fees are paid.
func (c Chain) Native() (Asset, bool) {
	for _, a := range assets {
		if a.Chain == c && !a.Token {
			return a, true
		}
	}
	return Asset{}, false
}

// NativeID is the ticker of the chain's own asset; "" if the chain is not known.
func (c Chain) NativeID() ID {
	a, _ := c.Native()
	return a.ID
}

// Pair is a direction of exchange: the user deposits From and is paid To.
type Pair struct {
	From ID `json:"from"`
	To   ID `json:"to"`
}

// String is the pair's name on topics and in URLs, for example "BTC-ETH".
func (p Pair) String() string { return string(p.From) + "-" + string(p.To) }
