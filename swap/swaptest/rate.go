package swaptest

import (
	"ferry/swap"
	"ferry/swap/asset"
)

// ratePlaces bounds the places of a price given to Price.
const ratePlaces = 18

// Price puts a price without a service fee into a rate, exactly.
func Price(t interface {
	Helper()
	Fatal(args ...any)
}, r swap.Rate, text string,
) swap.Rate {
	t.Helper()
	units, err := asset.ParsePlaces(text, ratePlaces)
	if err != nil {
		t.Fatal(err)
	}
	from, to := asset.MustLookup(r.Pair.From), asset.MustLookup(r.Pair.To)
	num, err := units.MulDiv(asset.Pow10(to.Decimals), asset.Pow10(0), asset.Down)
	if err != nil {
		t.Fatal(err)
	}
	den, err := asset.UnitsFromBig(asset.Pow10(ratePlaces + from.Decimals))
	if err != nil {
		t.Fatal(err)
	}
	r.Price, r.RatioNum, r.RatioDen, r.FeeBPS = text, num, den, 0
	return r
}
