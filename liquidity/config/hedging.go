package config

import (
	"fmt"
	"maps"
	"strings"

	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// Hedging is what of the hedging changes while it goes on; without Assets the daemon does not
// hedge, and what versions say of it is others' to obey.
type Hedging struct {
	Assets map[asset.ID]Hedge
	// SlipBPS is hedge.Policies', and SlipMost what the deployment's file says.
	SlipBPS, SlipMost int64
}

// Hedge is an asset's policy, and what bounds it.
type Hedge struct {
	Asset asset.ID
	hedge.Policy
	// File is the policy that the deployment's file says; BandMost the widest band that a
	// version may set, in base units.
	File     hedge.Policy
	BandMost asset.Units
}

// NewHedging is how the deployment's file has it hedged; bandMost are its widest bands, an
// asset's own where it is left out.
func NewHedging(p hedge.Policies, bandMost map[asset.ID]asset.Units) Hedging {
	h := Hedging{Assets: map[asset.ID]Hedge{}, SlipBPS: p.SlipBPS, SlipMost: p.SlipBPS}
	for id, policy := range p.Assets {
		most, ok := bandMost[id]
		if !ok {
			most = policy.Band
		}
		h.Assets[id] = Hedge{Asset: id, Policy: policy, File: policy, BandMost: most}
	}
	return h
}

// Policies are what is hedged by: what a version says, no further than the file allows. So
// neither a version from before the file was changed nor any other goes beyond it.
func (h Hedging) Policies() hedge.Policies {
	p := hedge.Policies{Assets: map[asset.ID]hedge.Policy{}, SlipBPS: min(h.SlipBPS, h.SlipMost)}
	for id, of := range h.Assets {
		p.Assets[id] = of.bounded()
	}
	return p
}

// set changes one setting, by its path's end. What a deployment does not hedge is passed over
// if there could be such a setting.
func (h *Hedging) set(rest, value string) error {
	if path(kindHedging, rest) == settingSlip {
		if len(h.Assets) == 0 {
			return slip.write(&Hedging{}, value)
		}
		return slip.write(h, value)
	}
	of, name, _ := strings.Cut(rest, ".")
	id := asset.ID(of)
	if i := hedgeBook(id); i.Validate() != nil {
		return fmt.Errorf("%.20q is no asset that could be hedged", of)
	}
	x, hedged := h.Assets[id]
	x.Asset = id
	if err := setIn(hedgeSettings, &x, name, value); err != nil || !hedged {
		return err
	}
	h.Assets[id] = x
	return nil
}

// hedgeBook is a book that an asset could be hedged by.
func hedgeBook(id asset.ID) liquidity.Instrument {
	return liquidity.Instrument{Base: id, Quote: hedge.Numeraire, PriceDecimals: 8, SizeDecimals: 8}
}

// validate checks what is hedged by.
func (h Hedging) validate() error {
	if len(h.Assets) == 0 {
		return nil
	}
	if err := h.Policies().Validate(); err != nil {
		return fmt.Errorf("hedging: %w", err)
	}
	return nil
}

// confirmed is a hedging of what is confirmed, and of nothing before.
func (h Hedging) confirmed() Hedging {
	next := h.clone()
	for id, of := range next.Assets {
		of.UnconfirmedMost = asset.Units{}
		next.Assets[id] = of
	}
	return next
}

// sealed is a hedging whose settings of now are the file's.
func (h Hedging) sealed() Hedging {
	next := Hedging{Assets: map[asset.ID]Hedge{}, SlipBPS: h.SlipBPS, SlipMost: h.SlipBPS}
	for id, of := range h.Assets {
		of.File = of.Policy
		next.Assets[id] = of
	}
	return next
}

func (h Hedging) clone() Hedging {
	h.Assets = maps.Clone(h.Assets)
	return h
}

// document adds every setting there is to a document.
func (h Hedging) document(d Document) {
	if len(h.Assets) == 0 {
		return
	}
	d[settingSlip] = slip.read(h)
	for id, of := range h.Assets {
		for _, x := range hedgeSettings {
			d[path(kindHedging, string(id), x.name)] = x.read(of)
		}
	}
}
