package support

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// Limits beyond which something needs a person, and of what is listed.
const (
	relayLate     = time.Minute
	parkedLate    = 5 * time.Minute
	malformedNew  = 24 * time.Hour
	deadlineLate  = time.Minute // the sweeper tells of deadlines a little late itself
	paymentLate   = time.Hour
	shortestStage = 5 * time.Minute // no stage of the state machine is given less

	countedMost = 10_000
	overdueMost = 1_000
	listedMost  = 10
)

// cursorLate is how long a chain may bring no block: Bitcoin's come every ten
// minutes in the mean, and two hours without one happen once in some centuries;
// Litecoin's four times as often. Bitcoin Cash's pace is less even.
var cursorLate = map[asset.Chain]time.Duration{asset.Bitcoin: 2 * time.Hour, asset.Litecoin: 30 * time.Minute,
	asset.BitcoinCash: 4 * time.Hour, asset.Ethereum: 5 * time.Minute}

// Status is how Ferry stands.
type Status struct {
	At time.Time `json:"at"`
	// Daemons are known where the settings of a running cluster are.
	Daemons         []Daemon         `json:"daemons,omitempty"`
	Relays          []Relay          `json:"relays"`
	Swaps           []SwapCount      `json:"swaps"`
	Overdue         []OverdueSwap    `json:"overdue"`
	OverdueCount    int              `json:"overdue_count"`
	Parked          []Parked         `json:"parked_facts"`
	ParkedCount     int              `json:"parked_count"`
	Malformed       Malformed        `json:"malformed_records"`
	Chains          []Cursor         `json:"chains"`
	Halts           []Halt           `json:"halts"`
	Payments        []PaymentCount   `json:"open_payments"`
	Stuck           []StuckPayment   `json:"payments_with_a_reason"`
	Reconciliations []Reconciliation `json:"reconciliations"`
	Staff           []StaffAction    `json:"staff_actions"`
	// Needs says in sentences what needs a person; empty if nothing does.
	Needs []string `json:"needs"`
}

// Relay is what a schema's outbox holds beyond what is published.
type Relay struct {
	Schema string `json:"schema"`
	// Waiting is counted up to 10,000.
	Waiting int64      `json:"waiting"`
	Oldest  *time.Time `json:"oldest,omitempty"`
}

// SwapCount counts the swaps of a state.
type SwapCount struct {
	State  swap.State `json:"state"`
	Swaps  int64      `json:"swaps"`
	Oldest time.Time  `json:"oldest_change"`
}

// OverdueSwap should have moved by now.
type OverdueSwap struct {
	SwapID string     `json:"swap_id"`
	State  swap.State `json:"state"`
	Actor  string     `json:"next_actor"`
	ActBy  time.Time  `json:"act_by"`
}

// Malformed counts records that were no facts.
type Malformed struct {
	All    int64      `json:"all"`
	Newest *time.Time `json:"newest,omitempty"`
}

// Cursor is how far a chain is processed.
type Cursor struct {
	Chain  asset.Chain `json:"chain"`
	Height int64       `json:"height"`
	// Time is the block's own, SeenAt when it was processed.
	Time   time.Time `json:"block_time"`
	SeenAt time.Time `json:"seen_at"`
	Holder string    `json:"holder"`
	// DustThreshold is the chain's now, in base units; nil before it was looked at.
	DustThreshold *asset.Units `json:"dust_threshold,omitempty"`
}

// PaymentCount counts the open payments of a state.
type PaymentCount struct {
	Chain    asset.Chain `json:"chain"`
	State    string      `json:"state"`
	Payments int64       `json:"payments"`
	Oldest   time.Time   `json:"oldest_queued"`
	Late     int64       `json:"late"`
}

// StuckPayment stands still for a reason.
type StuckPayment struct {
	OrderID  string      `json:"order_id"`
	SwapID   string      `json:"swap_id"`
	Chain    asset.Chain `json:"chain"`
	State    string      `json:"state"`
	Reason   string      `json:"reason"`
	QueuedAt time.Time   `json:"queued_at"`
	// Deferred until fees fall: it needs nobody.
	Deferred bool `json:"deferred"`
}

// StaffAction is what a person, or an alarm acting for one, did.
type StaffAction struct {
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Target string    `json:"target"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Status reads how Ferry stands and what needs a person.
func (r *Reader) Status(ctx context.Context) (Status, error) {
	s := Status{At: r.now, Needs: []string{}}
	for _, read := range []func(context.Context, *Status) error{r.statusFlow, r.statusSwaps, r.statusWallet} {
		if err := read(ctx, &s); err != nil {
			return s, err
		}
	}
	s.judge()
	return s, nil
}

func (r *Reader) statusFlow(ctx context.Context, s *Status) (err error) {
	if s.Relays, err = rows[Relay](ctx, r, "STATUS_RELAYS", countedMost); err != nil {
		return err
	}
	if s.Parked, err = rows[Parked](ctx, r, "STATUS_PARKED", countedMost); err != nil {
		return err
	}
	s.ParkedCount = len(s.Parked)
	s.Parked, _ = cut(s.Parked, listedMost)
	malformed, err := rows[Malformed](ctx, r, "STATUS_MALFORMED")
	if err != nil {
		return err
	}
	for _, m := range malformed {
		s.Malformed = m
	}
	return nil
}

// statusSwaps counts by state and looks into the terms of those that may be overdue.
func (r *Reader) statusSwaps(ctx context.Context, s *Status) (err error) {
	if s.Swaps, err = rows[SwapCount](ctx, r, "STATUS_SWAPS"); err != nil {
		return err
	}
	order := map[swap.State]int{}
	for i, stage := range statemachine.Stages() {
		order[stage.State] = i
	}
	slices.SortFunc(s.Swaps, func(a, b SwapCount) int { return cmp.Compare(order[a.State], order[b.State]) })
	type candidate struct {
		ID            string
		State         swap.State
		Version       int64
		SignedQuote   string
		SignedReceipt string
		Reason        string
		CreatedAt     time.Time
		UpdatedAt     time.Time
	}
	due := r.now.Add(-deadlineLate)
	found, err := rows[candidate](ctx, r, "STATUS_OVERDUE", due, r.now.Add(-shortestStage), overdueMost)
	if err != nil {
		return err
	}
	s.Overdue = []OverdueSwap{}
	for _, c := range found {
		row := swapRow{State: c.State, Version: c.Version, SignedQuote: c.SignedQuote, SignedReceipt: c.SignedReceipt,
			Reason: c.Reason, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
		view, err := row.view(c.ID, r.now)
		if err != nil {
			return err
		}
		if !view.ActBy.IsZero() && view.ActBy.Before(due) {
			s.Overdue = append(s.Overdue, OverdueSwap{SwapID: c.ID, State: c.State, Actor: view.Actor, ActBy: view.ActBy})
		}
	}
	s.OverdueCount = len(s.Overdue)
	s.Overdue, _ = cut(s.Overdue, listedMost)
	return nil
}

func (r *Reader) statusWallet(ctx context.Context, s *Status) (err error) {
	if s.Chains, err = rows[Cursor](ctx, r, "STATUS_CHAINS"); err != nil {
		return err
	}
	if s.Halts, err = rows[Halt](ctx, r, "STATUS_HALTS"); err != nil {
		return err
	}
	if s.Payments, err = rows[PaymentCount](ctx, r, "STATUS_PAYMENTS", r.now.Add(-paymentLate)); err != nil {
		return err
	}
	if s.Stuck, err = rows[StuckPayment](ctx, r, "STATUS_STUCK", listedMost); err != nil {
		return err
	}
	if s.Staff, err = rows[StaffAction](ctx, r, "STATUS_STAFF", 5); err != nil {
		return err
	}
	s.Reconciliations, err = r.Reconciliations(ctx)
	return err
}

// Reconciliations are the newest comparisons of books and nodes, one per chain.
func (r *Reader) Reconciliations(ctx context.Context) ([]Reconciliation, error) {
	type row struct {
		Chain      asset.Chain
		Height     int64
		Asset      asset.ID
		Book, Node string
		At         time.Time
	}
	found, err := rows[row](ctx, r, "STATUS_RECONCILIATIONS")
	if err != nil {
		return nil, err
	}
	all := make([]Reconciliation, 0, len(found))
	for _, f := range found {
		c, err := newReconciliation(f.Chain, f.Asset, f.Height, f.Book, f.Node, f.At.UTC())
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
