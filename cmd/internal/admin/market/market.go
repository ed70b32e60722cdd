// Package market is how liquidityd tells people of its prices: JSON at the admin
// endpoint, beside the metrics that machines read.
//
// It imports liquidity.
package market

import (
	"encoding/json"
	"net/http"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
)

// Path is where it is answered.
const Path = "/market"

// Answer is how prices stand at a moment.
type Answer struct {
	At          time.Time    `json:"at"`
	Instruments []Instrument `json:"instruments"`
}

// Instrument is the price of one of them. Prices are decimals, of one Base in Quote.
type Instrument struct {
	Name string `json:"name"`
	Bid  string `json:"bid,omitempty"`
	Ask  string `json:"ask,omitempty"`
	// Unfit says why there is no price.
	Unfit   string  `json:"unfit,omitempty"`
	Outages int64   `json:"outages"`
	Venues  []Venue `json:"venues"`
}

// States of a venue.
const (
	Used     = "used"
	Excluded = "excluded"
	Unfit    = "unfit"
)

// Venue is one venue of an instrument.
type Venue struct {
	Name string `json:"name"`
	// Class is exchange or maker; Alert missing, off, late or nothing.
	Class string `json:"class"`
	Alert string `json:"alert,omitempty"`
	// State is Used, Excluded (too far from the others), or Unfit with the Reason.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// AgeMillis is since its last message, missing before the first.
	AgeMillis *int64 `json:"age_ms,omitempty"`
	Price     string `json:"price,omitempty"`
	// RatioPPM is its price by that of all, in millionths; 0 where one is missing.
	RatioPPM uint64 `json:"ratio_ppm,omitempty"`
	Messages int64  `json:"messages"`
	Gaps     int64  `json:"gaps"`
	Outages  int64  `json:"outages"`
	// LatencyMillis is our clock less the venue's in its newest message; UnchangedMillis is
	// since its best levels changed, missing before the first.
	LatencyMillis   int64  `json:"latency_ms"`
	UnchangedMillis *int64 `json:"unchanged_ms,omitempty"`
	// SuspectMillis is how long its book could not be trusted, of which Outages counts the
	// windows; SuspectNow says that one is open.
	SuspectMillis int64 `json:"suspect_ms"`
	SuspectNow    bool  `json:"suspect_now,omitempty"`
}

// Handler answers with what list says at the time.
func Handler(list func() []liquidity.Price, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a := Answer{At: now(), Instruments: []Instrument{}}
		for _, p := range list() {
			a.Instruments = append(a.Instruments, instrument(p))
		}
		w.Header().Set("Content-Type", "application/json")
		// A caller that is gone misses nothing.
		_ = json.NewEncoder(w).Encode(a)
	})
}

func instrument(p liquidity.Price) Instrument {
	i := Instrument{Name: p.Instrument.String(), Unfit: p.Unfit, Outages: p.Outages, Venues: []Venue{}}
	if p.Unfit == "" {
		i.Bid, i.Ask = book.FormatTicks(p.Bid, p.Instrument.PriceDecimals), book.FormatTicks(p.Ask, p.Instrument.PriceDecimals)
	}
	for _, v := range p.Venues {
		i.Venues = append(i.Venues, venue(v, p.Instrument.PriceDecimals))
	}
	return i
}

func venue(p liquidity.VenuePrice, places int) Venue {
	v := Venue{Name: p.Venue, State: Used, Reason: p.Unfit, RatioPPM: p.RatioPPM, Messages: p.Messages, Gaps: p.Gaps, Outages: p.Outages,
		Class: p.Class, Alert: p.Alert, LatencyMillis: p.Latency.Milliseconds(), SuspectMillis: p.Suspect.Milliseconds(), SuspectNow: p.SuspectNow}
	if p.Heard {
		age := p.Age.Milliseconds()
		v.AgeMillis = &age
	}
	if p.Changed {
		unchanged := p.Unchanged.Milliseconds()
		v.UnchangedMillis = &unchanged
	}
	switch {
	case p.Unfit != "":
		v.State = Unfit
		return v
	case p.Excluded:
		v.State = Excluded
	}
	v.Price = book.FormatTicks(p.Price, places)
	return v
}
