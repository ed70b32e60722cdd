package rest

import (
	"encoding/json"
	"errors"
	"fmt"

	"ferry/liquidity"
	"ferry/liquidity/trade"
)

// RuleTexts are a venue's rules in its own decimals; "" for a least amount that it has not.
type RuleTexts struct {
	PriceStep, SizeStep, MinSize, MinCost string
}

// Read turns them into ticks; steps that are missing are an error.
func (r RuleTexts) Read(i liquidity.Instrument) (rules trade.Rules, err error) {
	if r.PriceStep == "" || r.SizeStep == "" {
		return rules, errors.New("the venue's rules have no steps")
	}
	for _, field := range []struct {
		to     *uint64
		text   string
		places int
	}{
		{&rules.PriceStep, r.PriceStep, i.PriceDecimals}, {&rules.SizeStep, r.SizeStep, i.SizeDecimals},
		{&rules.MinSize, r.MinSize, i.SizeDecimals}, {&rules.MinCost, r.MinCost, i.SizeDecimals},
	} {
		if field.text == "" {
			continue
		}
		if *field.to, err = Step(field.text, field.places); err != nil {
			return rules, fmt.Errorf("the venue's rules: %w", err)
		}
	}
	return rules, rules.Validate()
}

// Depth reads both sides of a book whose levels begin with price and size.
func Depth(bids, asks [][]json.RawMessage, i liquidity.Instrument) (d trade.Depth, err error) {
	if d.Bids, err = Levels(bids, i.PriceDecimals, i.SizeDecimals); err != nil {
		return d, err
	}
	d.Asks, err = Levels(asks, i.PriceDecimals, i.SizeDecimals)
	return d, err
}

// Place is one unit of the last of so many decimal places: "0.01" for two.
func Place(places int) string {
	if places <= 0 {
		return "1"
	}
	return fmt.Sprintf("0.%0*d", places, 1)
}
