package attest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// Claim is a deposit as somebody tells of it.
type Claim struct {
	Chain asset.Chain
	// DepositID is "<chain>:<coin>".
	DepositID string
	// Address is what it came to: derived, not told.
	Address string
	Amount  asset.Amount
	Block   chain.Ref
}

// place is where something is looked for, and what that is, for messages.
type place struct {
	chain asset.Chain
	block chain.Ref
	what  string
}

func (c Claim) place() place { return place{c.Chain, c.Block, "deposit"} }

// Finding is what the nodes say of a claim that is true.
type Finding struct {
	// Depth counts the block and all above it: the least of the nodes asked.
	Depth int64
	// Software is the first node's; Second the second's, "" where one was enough.
	Software, Second string
	// Finality is what the amount needs, which all nodes asked say of the block.
	Finality swap.Finality
}

// coinbaseDepth is how deep a miner's reward must be to be spent; it is the same on
// every chain whose blocks have one that is marked so.
const coinbaseDepth = 100

// Look finds a claim on the attestor's own node, and on a second one of other
// software where its amount is above the limit. Refusals are *swap.Error.
func (w *Witness) Look(ctx context.Context, c Claim) (Finding, error) {
	found, err := w.look(ctx, c)
	w.config.Observer.looked(c.Chain, OutcomeOf(err))
	var u *unlike
	if errors.As(err, &u) {
		return Finding{}, u.refusal()
	}
	return found, err
}

func (w *Witness) look(ctx context.Context, c Claim) (Finding, error) {
	nodes := w.config.Nodes[c.Chain]
	if len(nodes) == 0 {
		return Finding{}, differs(NoNode, "", "The attestor has no node of %.20s.", c.Chain)
	}
	ctx, done, err := w.turn(ctx, c.Chain)
	if err != nil {
		return Finding{}, err
	}
	defer done()
	rules := *w.rules.Load()
	found := Finding{Finality: rules.Finality(c.Amount)}
	if found.Depth, found.Software, err = w.ask(ctx, c, 0, rules); err != nil || !rules.NeedsSecond(c.Amount) {
		return found, err
	}
	limit := rules.SecondAbove[c.Amount.Asset].String()
	if len(nodes) == 1 {
		return Finding{}, differs(OneSoftware, limit, "A deposit of this size needs a second node of other software, and the attestor has one node of %s.", c.Chain)
	}
	depth, second, err := w.ask(ctx, c, 1, rules)
	if err != nil {
		return Finding{}, err
	}
	if second == found.Software {
		return Finding{}, differs(OneSoftware, limit, "A deposit of this size needs nodes of two kinds of software; both are %s.", second)
	}
	found.Depth, found.Second = min(found.Depth, depth), second
	return found, nil
}

// turn waits until fewer than looksMost looks are under way on a chain, and bounds the one
// that begins. done ends it.
func (w *Witness) turn(ctx context.Context, on asset.Chain) (bounded context.Context, done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	select {
	case w.turns[on] <- struct{}{}:
		return ctx, func() { <-w.turns[on]; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return ctx, nil, differs(NoNode, "", "The attestor is busy with other looks at %s.", on)
	}
}

// ask looks for a claim on one node: in the very block that is named, which must be
// in the node's best chain before and after its depth is counted.
func (w *Witness) ask(ctx context.Context, c Claim, which int, rules swap.DepositRules) (depth int64, software string, err error) {
	if why := w.silent(c.Chain, which); why != "" {
		return 0, "", differs(NoNode, "", "The attestor's node of %s does not answer.", c.Chain)
	}
	n := w.config.Nodes[c.Chain][which]
	needed, _ := rules.Needed(c.Amount)
	b, err := show(ctx, n.Reader, c)
	if err != nil {
		return 0, "", w.absent(ctx, n.Reader, c.place(), needed, err)
	}
	coinbase, err := locate(b, c, n.Reader)
	if err != nil {
		return 0, "", err
	}
	tip, err := n.Reader.Tip(ctx)
	if err != nil {
		return 0, "", w.unanswered(c.Chain, err)
	}
	if err := w.final(ctx, n.Reader, c, rules.Finality(c.Amount)); err != nil {
		return 0, "", err
	}
	if err := w.still(ctx, n.Reader, c.place()); err != nil {
		return 0, "", err
	}
	if coinbase {
		needed = max(needed, coinbaseDepth)
	}
	if depth = tip.Height - c.Block.Height + 1; depth < needed {
		return 0, "", shallow(c.place(), depth, needed)
	}
	if software, err = n.Identified.Software(ctx); err != nil {
		return 0, "", w.unanswered(c.Chain, err)
	}
	return depth, software, nil
}

// still is a refusal unless a block is in the node's best chain.
func (w *Witness) still(ctx context.Context, r chain.Reader, p place) error {
	at, err := r.RefAt(ctx, p.block.Height)
	switch {
	case err != nil && !errors.Is(err, chain.ErrBlockGone):
		return w.unanswered(p.chain, err)
	case err != nil || at != p.block:
		return otherBlock(p)
	}
	return nil
}

// show has a node show what a block brought to a claim's address. A plain transfer is
// proven without a trace and without balances, which nodes do not keep for ever: where it
// is there nothing else is asked for.
func show(ctx context.Context, r chain.Reader, c Claim) (chain.Block, error) {
	plain, ok := r.(chain.TransferReader)
	if !ok || c.Amount.Asset != c.Chain.NativeID() || !strings.HasSuffix(c.DepositID, ":0") {
		return r.Block(ctx, c.Block, only(c.Address))
	}
	credits, err := plain.Transfers(ctx, c.Block, only(c.Address))
	coin, _ := strings.CutPrefix(c.DepositID, string(c.Chain)+":")
	if err != nil || slices.ContainsFunc(credits, func(credit chain.Credit) bool { return credit.CoinID() == coin }) {
		return chain.Block{Ref: c.Block, Credits: credits}, err
	}
	return r.Block(ctx, c.Block, only(c.Address))
}

// final is a refusal unless the node calls the block, or one above it, what is needed.
// That the block is in the node's chain is asked afterwards.
func (w *Witness) final(ctx context.Context, r chain.Reader, c Claim, needed swap.Finality) error {
	if needed == swap.FinalityNone {
		return nil
	}
	final, err := chain.FinalOf(ctx, r)
	if err != nil {
		return w.unanswered(c.Chain, err)
	}
	if !final.At(c.Block.Height).Covers(needed) {
		return differs(NotFinal, string(needed), "A deposit of this size needs a %s block, and the attestor's own node of %s does not call this one so yet.", needed, c.Chain)
	}
	return nil
}

// absent tells a block that the node has not reached yet from one that it has not got.
func (w *Witness) absent(ctx context.Context, r chain.Reader, p place, needed int64, cause error) error {
	if !errors.Is(cause, chain.ErrBlockGone) {
		return w.unreadable(ctx, r, p, cause)
	}
	tip, err := r.Tip(ctx)
	switch {
	case err != nil:
		return w.unanswered(p.chain, err)
	case tip.Height < p.block.Height:
		return shallow(p, 0, needed)
	}
	return otherBlock(p)
}

// unreadable tells a node that is silent from one that answers and does not show one
// block: its state is gone, its trace takes too long, what comes is no block. What is in
// other blocks can be looked at all the same.
func (w *Witness) unreadable(ctx context.Context, r chain.Reader, p place, cause error) error {
	// The block may have taken all of the look's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tipLimit)
	defer cancel()
	if _, err := r.Tip(ctx); err != nil {
		return w.unanswered(p.chain, errors.Join(cause, err))
	}
	w.config.Log.Warn("a node of the attestor's own does not show a block", "chain", p.chain, "height", p.block.Height, "error", cause)
	return differs(Unreadable, "", "The attestor's node of %s answers, and can't show the block of this %s.", p.chain, p.what)
}

func (w *Witness) unanswered(on asset.Chain, err error) error {
	w.config.Log.Warn("a node of the attestor's own did not answer", "chain", on, "error", err)
	return differs(NoNode, "", "The attestor's node of %s does not answer.", on)
}

func shallow(p place, depth, needed int64) error {
	return differs(Shallow, fmt.Sprint(needed), "The %s is %d blocks deep on the attestor's own node of %s, %d are needed.", p.what, depth, p.chain, needed)
}

func otherBlock(p place) error {
	return differs(OtherBlock, "", "The attestor's own node of %s has another block at height %d.", p.chain, p.block.Height)
}

// locate looks for the coin in a block. Of a coin at the address all is compared.
func locate(b chain.Block, c Claim, r chain.Reader) (coinbase bool, err error) {
	coin, _ := strings.CutPrefix(c.DepositID, string(c.Chain)+":")
	for _, credit := range b.Credits {
		if credit.CoinID() != coin || credit.Address != c.Address {
			continue
		}
		if paid := (asset.Amount{Asset: credit.Asset, Units: credit.Units}); paid != c.Amount {
			return false, differs(OtherAmount, paid.Units.String(), "The deposit is of %s, not of %s.", paid, c.Amount)
		}
		return credit.Coinbase, nil
	}
	if partial, ok := r.(chain.Partial); ok && partial.Unseen() != "" {
		return false, differs(Missing, "", "The attestor's own node of %s shows no such deposit in that block; %s.", c.Chain, partial.Unseen())
	}
	return false, differs(Missing, "", "There is no such deposit in that block.")
}

// only watches one address.
type only string

// Address implements chain.Watch.
func (o only) Address(address string) bool { return address == string(o) }

// Coin implements chain.Watch: what leaves is of no interest.
func (only) Coin(string) bool { return false }
