package asset

import (
	"fmt"
	"slices"
)

// Chain names a public chain. The text is what appears in APIs, topics and rows.
type Chain string

// The chains Ferry runs.
const (
	Bitcoin  Chain = "bitcoin"
	Ethereum Chain = "ethereum"
)

// ID is an asset's ticker, in upper case.
type ID string

// The assets Ferry swaps.
const (
	BTC ID = "BTC"
	ETH ID = "ETH"
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
}

// QuotePlaces is the most decimal places an amount computed by Ferry has. The
// rounded number is the term of the swap, so no wallet has to round it again.
const QuotePlaces = 8

var assets = []Asset{
	{ID: BTC, Name: "Bitcoin", Chain: Bitcoin, Decimals: 8, Unit: "sat"},
	{ID: ETH, Name: "Ether", Chain: Ethereum, Decimals: 18, Unit: "wei"},
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
		if a.Chain == c {
			return a, true
		}
	}
	return Asset{}, false
}

// Pair is a direction of exchange: the user deposits From and is paid To.
type Pair struct {
	From ID `json:"from"`
	To   ID `json:"to"`
}

// String is the pair's name on topics and in URLs, for example "BTC-ETH".
func (p Pair) String() string { return string(p.From) + "-" + string(p.To) }
