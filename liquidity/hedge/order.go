package hedge

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strconv"
	"time"

	"ferry/liquidity/trade"
	"ferry/swap/asset"
)

// Intent is an order as it is stored before it is sent.
type Intent struct {
	trade.Order
	Venue string
	// Asset is the one whose position it brings back.
	Asset asset.ID
	// Mark is the fair price when it was decided, in ticks of the instrument.
	Mark uint64
	At   time.Time
}

// clientID is the one an asset's order of a round has at a venue: two processes that plan
// the same round name the same order.
func clientID(id asset.ID, round int64, venue string) string {
	sum := sha256.Sum256([]byte("ferry hedge:" + string(id) + ":" + strconv.FormatInt(round, 10) + ":" + venue))
	return hex.EncodeToString(sum[:16])
}

// Position is what the house holds of an asset beyond its capital.
type Position struct {
	Asset asset.ID
	Units *big.Int
	// Round counts what was stored of the asset's orders; Intend names the one it expects.
	Round int64
	// Open are orders whose outcome is not known.
	Open []Intent
}

// Ending is how an order ended.
type Ending string

// The endings: all that was filled is known, or it never was at the venue.
const (
	Done Ending = "done"
	Void Ending = "void"
)

// Outcome is what became of an intent.
type Outcome struct {
	Intent
	Ending Ending
	// VenueID is the venue's id of the order, "" where it was void.
	VenueID string
	Fills   []trade.Fill
	// Reason says why it is void.
	Reason string
	At     time.Time
}

// Filled is the sum of the fills' sizes.
func (o Outcome) Filled() uint64 {
	sum := uint64(0)
	for _, f := range o.Fills {
		sum += f.Size
	}
	return sum
}

// base is the size in base units of the instrument's Base; places beyond them are cut.
func base(o trade.Order, size uint64) *big.Int {
	n := new(big.Int).SetUint64(size)
	return scale(n, asset.MustLookup(o.Instrument.Base).Decimals-o.Instrument.SizeDecimals, asset.Down)
}

// cost is size × price in base units of Quote, rounded against the house.
func cost(o trade.Order, size, price uint64) *big.Int {
	n := new(big.Int).SetUint64(size)
	n.Mul(n, new(big.Int).SetUint64(price))
	r := asset.Down
	if o.Side == trade.Buy {
		r = asset.Up
	}
	return scale(n, asset.MustLookup(o.Instrument.Quote).Decimals-o.Instrument.SizeDecimals-o.Instrument.PriceDecimals, r)
}

// scale is n × 10^places, which may be negative; n is not.
func scale(n *big.Int, places int, r asset.Rounding) *big.Int {
	if places >= 0 {
		return n.Mul(n, asset.Pow10(places))
	}
	den := asset.Pow10(-places)
	rest := new(big.Int)
	n.QuoRem(n, den, rest)
	if r == asset.Up && rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return n
}
