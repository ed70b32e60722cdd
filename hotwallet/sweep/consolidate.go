package sweep

import "ferry/swap/asset"

// Coins is what Consolidate looks at, of a chain of coins.
type Coins struct {
	// Small is how many coins could be brought together: spendable, and worth more than
	// InputWorth times what their own input costs.
	Small int
	// Smallest is the smallest of them, "<txid>:<index>", and Units what the InputsMost
	// smallest have.
	Smallest string
	Units    asset.Units
	// FeesUsual: fees are below what is usual.
	FeesUsual bool
	// Open: one is under way. Begun is how many were stored in the last 24 hours.
	Open  bool
	Begun int
}

// InputWorth is how often its own input's cost a coin has to be worth to be brought
// together with others: then doing so costs at most a fifth of it.
const InputWorth = 5

// InputsMost is how many coins one transaction brings together.
const InputsMost = 100

// inputsLeast is how many are worth a transaction of its own.
const inputsLeast = 10

// Consolidate reports whether small coins should be brought together now: there are more
// than the wallet keeps, fees are low, and nothing of the kind is under way. It is pure.
func Consolidate(s Settings, c Coins) bool {
	return s.ConsolidatePerDay > 0 && c.Begun < s.ConsolidatePerDay && !c.Open && c.FeesUsual &&
		c.Small > s.CoinsMost && c.Small >= inputsLeast
}
