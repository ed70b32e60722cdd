package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind names a fault.
type Kind string

// The faults. What is said of events and snapshots holds for the next Count of
// them (1 if Count is 0).
const (
	// Gap: events happen and are not sent.
	Gap Kind = "gap"
	// Repeat: events are sent twice.
	Repeat Kind = "repeat"
	// Crossed: events tell of a bid at the best ask, which the exchange never had.
	Crossed Kind = "crossed"
	// WrongChecksum: events have a wrong checksum, where they have one.
	WrongChecksum Kind = "wrong_checksum"
	// Garbage: events are cut off in the middle.
	Garbage Kind = "garbage"
	// Stall: nothing is told for Count steps, or until Resume if Count is 0, then all
	// of it at once. Connections stay open and snapshots are answered.
	Stall Kind = "stall"
	// Resume ends a Stall.
	Resume Kind = "resume"
	// Disconnect: all connections end without a word.
	Disconnect Kind = "disconnect"
	// Storm: with each event all connections of then end without a word.
	Storm Kind = "storm"
	// HalfOpen: the connections of now stay open and never hear anything again;
	// new ones work.
	HalfOpen Kind = "half_open"
	// Shutdown: a notice to all connections of now, which end Count events later.
	Shutdown Kind = "shutdown"
	// Throttle and Ban: snapshots, or connections where snapshots are streamed, are
	// refused with 429 or 418, and Retry-After of Seconds.
	Throttle Kind = "throttle"
	Ban      Kind = "ban"
	// Failure: snapshots are refused with 500.
	Failure Kind = "failure"
	// Unplug: the venue's connections end without a word, and so does whatever is asked of it,
	// orders too, until Plug.
	Unplug Kind = "unplug"
	// Plug ends an Unplug.
	Plug Kind = "plug"
	// OldSnapshot: snapshots show the book as it was at the start.
	OldSnapshot Kind = "old_snapshot"
)

// The faults of orders, for the next Count of them. Throttle and Ban are not meant for
// these.
const (
	// OrderRefused: refused as if money were missing. OrderThrottle and OrderBan: refused with
	// 429 and 418, or the venue's own words for them.
	OrderRefused  Kind = "order_refused"
	OrderThrottle Kind = "order_throttle"
	OrderBan      Kind = "order_ban"
	// OrderLost: never placed, and the connection ends. OrderVanish: never placed, and never
	// answered. OrderFailure: never placed, and answered with an internal error.
	OrderLost    Kind = "order_lost"
	OrderVanish  Kind = "order_vanish"
	OrderFailure Kind = "order_failure"
	// OrderCut: placed, and then the connection ends. OrderReset: placed, and the connection is
	// reset. OrderHang: placed, and never answered.
	// OrderUnsure: placed, and answered with the internal error of OrderFailure.
	OrderCut    Kind = "order_cut"
	OrderReset  Kind = "order_reset"
	OrderHang   Kind = "order_hang"
	OrderUnsure Kind = "order_unsure"
	// OrderLate: the connection ends, and the order arrives after somebody has asked twice, for
	// it or for trades, and was told that there is none; if its deadline has not passed.
	OrderLate Kind = "order_late"
	// OrderPartial: half of it is filled.
	OrderPartial Kind = "order_partial"
	// LookupBlind: an order that is asked for is not found. LookupFailure: that, or a list of
	// trades, is answered with an internal error. LookupThrottle: it is refused with 429, or the
	// venue's own words for it. FillsBlind: a list of trades is empty.
	LookupBlind    Kind = "lookup_blind"
	LookupFailure  Kind = "lookup_failure"
	LookupThrottle Kind = "lookup_throttle"
	FillsBlind     Kind = "fills_blind"
)

var orderKinds = []Kind{OrderRefused, OrderThrottle, OrderBan, OrderLost, OrderVanish, OrderFailure, OrderCut, OrderReset, OrderHang,
	OrderUnsure, OrderLate, OrderPartial, LookupBlind, LookupFailure, LookupThrottle, FillsBlind}

var kinds = []Kind{Gap, Repeat, Crossed, WrongChecksum, Garbage, Stall, Resume, Disconnect, Storm, HalfOpen, Shutdown, Throttle, Ban, Failure, OldSnapshot, Unplug, Plug}

// Fault is one order to misbehave.
type Fault struct {
	Kind Kind `json:"fault"`
	// Venue is the one that misbehaves; all of them if it is empty.
	Venue string `json:"venue,omitempty"`
	// Market is the one of the simulator's that it is about, "ETH-BTC"; all if it is empty.
	Market string `json:"market,omitempty"`
	// Count is from 0 to 1000, Seconds from 0 to 3600.
	Count   int `json:"count,omitempty"`
	Seconds int `json:"seconds,omitempty"`
}

// Limits of a fault.
const (
	maxCount   = 1000
	maxSeconds = 3600
)

// Validate reports an unknown kind, or numbers out of bounds.
func (f Fault) Validate() error {
	if !slices.Contains(kinds, f.Kind) && !slices.Contains(orderKinds, f.Kind) {
		return fmt.Errorf("fault %.20q is none of %q, %q", f.Kind, kinds, orderKinds)
	}
	if f.Venue != "" && !slices.Contains(Venues(), f.Venue) {
		return fmt.Errorf("venue %.20q is none of %q", f.Venue, Venues())
	}
	if f.Count < 0 || f.Count > maxCount || f.Seconds < 0 || f.Seconds > maxSeconds {
		return fmt.Errorf("fault %s: the count must be from 0 to %d, seconds from 0 to %d", f.Kind, maxCount, maxSeconds)
	}
	return nil
}

// Scheduled is a fault to come.
type Scheduled struct {
	After time.Duration
	Fault Fault
}

// maxScript bounds a script.
const maxScript = 100

// ParseScript reads faults such as "gap@5s,stall:50@20s,throttle:2:1@1m": the kind,
// its count, its seconds, and when after the start. "kraken/gap@5s" is one venue's.
func ParseScript(text string) ([]Scheduled, error) {
	var script []Scheduled
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		what, when, ok := strings.Cut(part, "@")
		if !ok || len(script) == maxScript {
			return nil, fmt.Errorf("fault %.40q is not of the form kind:count:seconds@time, or one of more than %d", part, maxScript)
		}
		after, err := time.ParseDuration(when)
		if err != nil || after < 0 {
			return nil, fmt.Errorf("fault %.40q: %.20q is no time after the start", part, when)
		}
		venue, rest, one := strings.Cut(what, "/")
		if !one {
			venue, rest = "", what
		}
		pieces := strings.SplitN(rest, ":", 3)
		s := Scheduled{After: after, Fault: Fault{Kind: Kind(pieces[0]), Venue: venue}}
		numbers := []*int{&s.Fault.Count, &s.Fault.Seconds}
		for i, piece := range pieces[1:] {
			if *numbers[i], err = strconv.Atoi(piece); err != nil {
				return nil, fmt.Errorf("fault %.40q: %w", part, err)
			}
		}
		if err := s.Fault.Validate(); err != nil {
			return nil, err
		}
		script = append(script, s)
	}
	slices.SortStableFunc(script, func(a, b Scheduled) int { return cmp.Compare(a.After, b.After) })
	return script, nil
}
