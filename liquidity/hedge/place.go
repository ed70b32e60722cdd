package hedge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ferry/liquidity/trade"
	"ferry/swap/crash"
)

// early is how long before the intent fills are asked for: clocks differ.
const early = time.Minute

// place stores orders and sends each once. It is the only caller of Venue.Place, and sends
// nothing that it has not stored itself just before.
func (h *Hedger) place(ctx context.Context, p Position, orders []Intent) error {
	crash.Point("hedge.intend.before")
	if err := h.Store.Intend(ctx, p, orders); err != nil {
		if errors.Is(err, ErrOvertaken) {
			return nil // another process hedges it
		}
		return fmt.Errorf("store the orders of %s: %w", p.Asset, err)
	}
	crash.Point("hedge.intend.after")
	var problems []error
	for _, o := range orders {
		problems = append(problems, h.send(ctx, o))
	}
	return errors.Join(problems...)
}

// send sends an order that was stored, and then finds out what became of it.
func (h *Hedger) send(ctx context.Context, o Intent) error {
	venue := h.venue(o.Venue)
	if venue == nil || !h.Now().Before(o.Deadline) {
		return h.resolve(ctx, o)
	}
	crash.Point("hedge.place.before")
	_, err := venue.Place(ctx, o.Order)
	crash.Point("hedge.place.after")
	if errors.Is(err, trade.ErrNotPlaced) {
		h.pause(o.Venue, o.Instrument)
		return h.settle(ctx, Outcome{Intent: o, Ending: Void, Reason: err.Error(), At: h.Now()})
	}
	if err != nil {
		h.Log.WarnContext(ctx, "an order may have been filled, its venue is asked", "venue", o.Venue, "order", o.ClientID, "error", err)
	}
	return h.resolve(ctx, o)
}

func (h *Hedger) venue(name string) trade.Venue {
	for _, v := range h.Venues {
		if v.Name() == name {
			return v.Venue
		}
	}
	return nil
}

func (h *Hedger) resolveAll(ctx context.Context, orders []Intent) error {
	var problems []error
	for _, o := range orders {
		h.again(ctx, o)
		problems = append(problems, h.resolve(ctx, o))
	}
	return errors.Join(problems...)
}

// resolve finds out what became of an order. Where the answers do not decide that yet, the
// order stays open and is asked for again, with growing pauses. Answers that can't change
// are remembered, because a venue's limits may allow one question at a time.
func (h *Hedger) resolve(ctx context.Context, o Intent) error {
	venue := h.venue(o.Venue)
	if venue == nil {
		return fmt.Errorf("order %s is open at %s, which is not configured any more", o.ClientID, o.Venue)
	}
	q := h.question(o.ClientID)
	if h.Now().Before(q.next) {
		return nil
	}
	outcome, err := h.ask(ctx, o, venue, q)
	if err != nil {
		q.later(h.Now())
		return fmt.Errorf("ask %s for order %s: %w", o.Venue, o.ClientID, err)
	}
	if outcome.Ending == "" {
		q.later(h.Now())
		return nil
	}
	return h.settle(ctx, outcome)
}

// ask is one look; the outcome has no ending yet where it does not decide.
func (h *Hedger) ask(ctx context.Context, o Intent, venue trade.Venue, q *question) (Outcome, error) {
	since, outcome := o.At.Add(-early), Outcome{Intent: o, At: h.Now()}
	if q.report == nil && !q.absent {
		// The answer that there is none counts only if it was asked for after the deadline.
		tooLate := h.Now().After(o.Deadline.Add(h.config.Grace))
		report, err := venue.Find(ctx, o.Order, since)
		switch {
		case errors.Is(err, trade.ErrNoOrder):
			if !tooLate {
				return outcome, nil
			}
			q.absent = true
		case err != nil:
			return outcome, err
		case !report.Over:
			return outcome, nil
		case report.Filled > o.Size:
			return outcome, fmt.Errorf("it filled %d of %d", report.Filled, o.Size)
		default:
			q.report = &report
		}
	}
	if q.report != nil && q.report.Filled == 0 {
		outcome.Ending, outcome.VenueID = Done, q.report.VenueID
		return outcome, nil
	}
	fills, err := venue.Fills(ctx, o.Instrument, since)
	if err != nil {
		return outcome, err
	}
	if q.absent {
		return h.absent(ctx, outcome, fills, since)
	}
	outcome.VenueID = q.report.VenueID
	outcome.Fills = slices.DeleteFunc(fills, func(f trade.Fill) bool { return !f.Of(o.Order, q.report.VenueID) })
	if outcome.Filled() == q.report.Filled { // the list of fills may follow the order's own report with a delay
		outcome.Ending = Done
	}
	return outcome, nil
}

// absent ends an order that its venue does not know after its deadline, if every fill since
// is explained by another order: a venue that has lost sight of an order has still told the
// trade.
func (h *Hedger) absent(ctx context.Context, o Outcome, fills []trade.Fill, since time.Time) (Outcome, error) {
	known, err := h.Store.VenueOrders(ctx, o.Venue, since)
	if err != nil {
		return o, err
	}
	for _, f := range fills {
		if !known[f.VenueOrderID] {
			// The next look asks for the order again: it may be the one.
			h.question(o.ClientID).absent = false
			return o, fmt.Errorf("there is no such order, but a fill %s of an order %s that is not explained", f.ID, f.VenueOrderID)
		}
	}
	o.Ending, o.Reason = Void, "the venue knows no such order after its deadline"
	return o, nil
}

func (h *Hedger) settle(ctx context.Context, o Outcome) error {
	crash.Point("hedge.settle.before")
	err := h.Store.Settle(ctx, o)
	if errors.Is(err, ErrSettled) {
		h.answered(o.ClientID)
		return nil // by another process
	}
	if err != nil {
		return fmt.Errorf("store what became of order %s: %w", o.ClientID, err)
	}
	crash.Point("hedge.settle.after")
	h.answered(o.ClientID)
	h.Observe(o.Venue, o.Ending)
	if len(o.Fills) > 0 {
		select {
		case h.traded <- struct{}{}:
		default: // the accounts are about to be looked at
		}
	}
	h.Log.InfoContext(ctx, "order ended", "venue", o.Venue, "order", o.ClientID, "ending", string(o.Ending), "instrument", o.Instrument.String(),
		"side", string(o.Side), "size", o.Size, "filled", o.Filled(), "reason", o.Reason)
	return nil
}
