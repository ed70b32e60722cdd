package scenario

import (
	"context"
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Driver is a kind of deployment that scenarios are played on.
type Driver interface {
	// Name is the driver's, in reports.
	Name() string
	// Open makes a world for one scenario, or a part of one that is shared by others at
	// the same time, unless the scenario is Exclusive.
	Open(ctx context.Context, s Scenario) (World, error)
	// Lanes is how many scenarios may be played at a time.
	Lanes() int
}

// World is a deployment as one scenario sees and shakes it. A driver that can't do what
// is asked of it answers with Cannot, and the scenario is skipped with that reason.
type World interface {
	User
	Money
	Time
	Trouble
	Operator
	// End ends all troubles, and reports what is wrong with the deployment after the
	// scenario, such as books that don't balance.
	End(ctx context.Context) error
}

// Ask is what a user wants of a swap.
type Ask struct {
	Pair   asset.Pair
	Policy swap.Policy
	// Variable asks for a quote that locks no price: the rate is set when the deposit is seen.
	Variable bool
	// NoRefundAddress leaves it open where refunds go.
	NoRefundAddress bool
	// PayoutRefused has the payout go to somebody whose payments are mined and fail.
	PayoutRefused bool
}

// Created is a swap with its secret.
type Created struct {
	swap.Terms
	Secret string
}

// User is what the wallet of a swap's user does.
type User interface {
	// Create locks a quote and makes a swap of it.
	Create(ctx context.Context, ask Ask) (Created, error)
	// Again sends the request that made a swap once more, as a wallet does that lost its
	// state, and returns what it is answered.
	Again(ctx context.Context, c Created) (Created, error)
	// QuoteBelow asks for a quote of less than is taken and returns the refusal's code
	// and limit.
	QuoteBelow(ctx context.Context, pair asset.Pair) (code swap.Code, limit string, err error)
	// Look is how a swap stands, as its user is told; Updates all that was told of it.
	Look(ctx context.Context, swapID string) (swap.Update, error)
	Updates(ctx context.Context, swapID string) ([]swap.Update, error)
	// Answer answers a question about a deposit: atLeast is zero for a refund.
	Answer(ctx context.Context, c Created, depositID string, answer swap.Answer, atLeast asset.Amount) error
	// RefundWrongAsset says yes to the refund of a deposit in another asset, and returns
	// where it goes.
	RefundWrongAsset(ctx context.Context, c Created, depositID string) (string, error)
	// SetRefundAddress names a refund address, a fresh one, and returns it.
	SetRefundAddress(ctx context.Context, c Created) (string, error)
}

// Output is what one address is paid, in base units.
type Output struct {
	Address string
	Units   asset.Units
}

// Tx is a transaction that a World made: its bytes are what Resend hands in.
type Tx struct {
	Chain asset.Chain
	ID    string
	Raw   []byte
}

// Fate is what becomes of the transactions whose blocks are taken back.
type Fate string

// The fates.
const (
	// Returns: they are in the new branch again.
	Returns Fate = "returns"
	// Forgotten: the nodes forget them, until their senders hand them in again.
	Forgotten Fate = "forgotten"
	// DoubleSpent: their senders spend the same coins on something else.
	DoubleSpent Fate = "double-spent"
)

// Money is what strangers and users do on the chains, and what the chains show.
type Money interface {
	// Pay has somebody pay outputs: in one transaction on Bitcoin, in one each on
	// Ethereum. Nobody knows the sender.
	Pay(ctx context.Context, on asset.Chain, outputs []Output) ([]Tx, error)
	// PayInternally has a contract pay an address on Ethereum from within.
	PayInternally(ctx context.Context, address string, units asset.Units) error
	// PayElsewhere pays a swap's deposit address on a chain whose addresses look the
	// same, in that chain's coin.
	PayElsewhere(ctx context.Context, c Created) error
	// PayTokens sends an address on Ethereum tokens that nobody asked for.
	PayTokens(ctx context.Context, address string) error
	// Replace has the sender of an unconfirmed transaction spend its coins on outputs.
	Replace(ctx context.Context, tx Tx, outputs []Output) (Tx, error)
	// Resend has the sender hand a transaction in again.
	Resend(ctx context.Context, tx Tx) error
	// Confirmations of a transaction, 0 while it is in no block.
	Confirmations(ctx context.Context, tx Tx) (int64, error)
	// Received is what blocks have paid to an address in all.
	Received(ctx context.Context, on asset.Chain, address string) (asset.Units, error)
	// NewAddress is a stranger's.
	NewAddress(ctx context.Context, on asset.Chain) (string, error)
	// Dust is the least that a chain takes for a deposit at all.
	Dust(ctx context.Context, on asset.Chain) (asset.Units, error)
}

// Window is how long a swap waits for its deposit in the language of scenarios. A
// driver whose swaps wait for less has all its times go faster.
const Window = 20 * time.Minute

// Time is the deployment's.
type Time interface {
	// Pass lets d of the scenario's time go by.
	Pass(ctx context.Context, d time.Duration) error
	// PassBy lets time go by until d of the scenario's time after a time of the terms.
	PassBy(ctx context.Context, at time.Time, d time.Duration) error
	// Await lets time go by until ok says so; it fails when that took too long, with
	// what ok said last.
	Await(ctx context.Context, what string, ok func() (done bool, status string, err error)) error
}

// Trouble is what goes wrong with chains, nodes and daemons.
type Trouble interface {
	// Hold has a chain make no blocks until Release.
	Hold(ctx context.Context, on asset.Chain) error
	Release(ctx context.Context, on asset.Chain) error
	// Mine makes blocks of a chain that is held, and returns when they are read.
	Mine(ctx context.Context, on asset.Chain, n int) error
	// Forget has a chain's node forget what is in no block.
	Forget(ctx context.Context, on asset.Chain) error
	// Reorg replaces the last blocks of a chain by a longer branch.
	Reorg(ctx context.Context, on asset.Chain, depth int64, fate Fate) error
	// Kill ends a daemon until Start.
	Kill(ctx context.Context, daemon string) error
	Start(ctx context.Context, daemon string) error
	// Untold has the gateway die with the next swap made and not told of, until Start.
	Untold(ctx context.Context) error
	// CrashOften has all daemons die and come back while the scenario goes on.
	CrashOften(ctx context.Context) error
	// Repeat has all that was ever told be told again.
	Repeat(ctx context.Context) error
	// Untraced has a chain's node show no more than whole transactions.
	Untraced(ctx context.Context, on asset.Chain) error
	// RaiseDust multiplies the least that a chain takes for a deposit.
	RaiseDust(ctx context.Context, on asset.Chain, times int64) error
	// MoveMarket changes the price of the deposit's coin by so many percent.
	MoveMarket(ctx context.Context, pair asset.Pair, percent int64) error
	// CloseMarket ends all prices until OpenMarket.
	CloseMarket(ctx context.Context) error
	OpenMarket(ctx context.Context) error
}

// Operator is what staff does and sees.
type Operator interface {
	Halt(ctx context.Context, on asset.Chain) error
	Resume(ctx context.Context, on asset.Chain) error
	// Halted says why a chain's payments stand still, "" if they run.
	Halted(ctx context.Context, on asset.Chain) (string, error)
	// Alarms are what people have to look at.
	Alarms(ctx context.Context) ([]string, error)
	// Act has a member of staff act on a swap and returns the request's id; Approve has
	// another agree.
	Act(ctx context.Context, swapID, actor string, action swap.StaffAction, reason string) (requestID string, err error)
	Approve(ctx context.Context, swapID, actor, requestID string) error
}

// cannot is a driver's inability.
type cannot struct{ reason string }

func (c cannot) Error() string { return c.reason }

// Cannot says why a driver can't do what a step asks for.
func Cannot(format string, args ...any) error { return cannot{fmt.Sprintf(format, args...)} }
