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

// lineageMost is how many transactions may be between an anchor and the coin whose spend
// ended it.
const lineageMost = 8

// Spend is a coin or nonce that is said to be spent.
type Spend struct {
	Chain asset.Chain
	// Anchor is what a payment was made from, Spent what Spender has spent; both as in
	// swap.DeathAttestation.
	Anchor, Spent string
	// Lineage proves that without Spent there is no Anchor: the transactions, in wire
	// form, from the one that makes the anchor to the one that would spend Spent.
	Lineage [][]byte
	Spender string
	Block   chain.Ref
}

func (s Spend) place() place { return place{s.Chain, s.Block, "spend"} }

// Ending is what the nodes say of a Spend that is true.
type Ending struct {
	// Failed: the spender moved nothing (account chains).
	Failed bool
	// Depth counts the block and all above it, the least of the nodes asked; Finality is
	// what each of them calls it.
	Depth    int64
	Finality swap.Finality
	// Software is the first node's; Second the second's, "" where it is the same or
	// there is none.
	Software, Second string
}

// LookForDeath finds the spend of a payment's anchor on every node that the attestor has
// of the chain; all of them must say the same. Refusals are *swap.Error.
func (w *Witness) LookForDeath(ctx context.Context, s Spend) (Ending, error) {
	end, err := w.lookForDeath(ctx, s)
	w.config.Observer.lookedForDeath(s.Chain, OutcomeOf(err))
	var u *unlike
	if errors.As(err, &u) {
		return Ending{}, u.refusal()
	}
	return end, err
}

func (w *Witness) lookForDeath(ctx context.Context, s Spend) (Ending, error) {
	nodes := w.config.Nodes[s.Chain]
	if len(nodes) == 0 {
		return Ending{}, differs(NoNode, "", "The attestor has no node of %.20s.", s.Chain)
	}
	needed, ends := w.rules.Load().Dead[s.Chain]
	if !ends {
		return Ending{}, differs(Shallow, "", "Payments on %.20s never count as dead.", s.Chain)
	}
	if err := descends(nodes[0].Reader, s); err != nil {
		return Ending{}, err
	}
	ctx, done, err := w.turn(ctx, s.Chain)
	if err != nil {
		return Ending{}, err
	}
	defer done()
	var end Ending
	for which := range nodes {
		next, err := w.askForDeath(ctx, s, which, needed)
		if err != nil {
			return Ending{}, err
		}
		if which == 0 {
			end = next
			continue
		}
		end.Depth = min(end.Depth, next.Depth)
		if !next.Finality.Covers(end.Finality) {
			end.Finality = next.Finality
		}
		if next.Software != end.Software {
			end.Second = next.Software
		}
	}
	return end, nil
}

// askForDeath looks at one node: into the very block that is named, which must be in the
// node's best chain before and after its depth is counted.
func (w *Witness) askForDeath(ctx context.Context, s Spend, which int, needed int64) (end Ending, err error) {
	if why := w.silent(s.Chain, which); why != "" {
		return end, differs(NoNode, "", "The attestor's node of %s does not answer.", s.Chain)
	}
	n := w.config.Nodes[s.Chain][which]
	debits, err := spends(ctx, n.Reader, s)
	if err != nil {
		return end, w.absent(ctx, n.Reader, s.place(), needed, err)
	}
	if end.Failed, err = ended(debits, s); err != nil {
		return end, err
	}
	tip, err := n.Reader.Tip(ctx)
	if err != nil {
		return end, w.unanswered(s.Chain, err)
	}
	final, err := chain.FinalOf(ctx, n.Reader)
	if err != nil {
		return end, w.unanswered(s.Chain, err)
	}
	end.Finality = final.At(s.Block.Height)
	if err := w.still(ctx, n.Reader, s.place()); err != nil {
		return end, err
	}
	if end.Depth = tip.Height - s.Block.Height + 1; end.Depth < needed {
		return end, shallow(s.place(), end.Depth, needed)
	}
	if end.Software, err = n.Identified.Software(ctx); err != nil {
		return end, w.unanswered(s.Chain, err)
	}
	return end, nil
}

// spends are what left, in a block, the coin or account that a Spend is of.
func spends(ctx context.Context, r chain.Reader, s Spend) ([]chain.Debit, error) {
	_, rest, _ := strings.Cut(s.Spent, ":")
	if s.Chain.Family() != asset.Account {
		b, err := r.Block(ctx, s.Block, onlyCoin(rest))
		return b.Debits, err
	}
	sender, _, _ := strings.Cut(rest, ":")
	if sent, ok := r.(chain.SentReader); ok {
		return sent.Sent(ctx, s.Block, sender)
	}
	b, err := r.Block(ctx, s.Block, only(sender))
	// What others took from the sender has no nonce, and no fee either.
	return slices.DeleteFunc(b.Debits, func(d chain.Debit) bool { return d.Fee.IsZero() }), err
}

// ended looks for the spend, and says whether the transaction failed.
func ended(debits []chain.Debit, s Spend) (failed bool, err error) {
	for _, d := range debits {
		what := string(s.Chain) + ":" + d.CoinID
		if s.Chain.Family() == asset.Account {
			what = fmt.Sprintf("%s:%s:%d", s.Chain, d.Address, d.Nonce)
		}
		if what != s.Spent {
			continue
		}
		if d.TxID != s.Spender {
			return false, differs(OtherSpender, d.TxID, "Another transaction in that block spends it.")
		}
		return d.Failed, nil
	}
	return false, differs(NotSpent, "", "No transaction in that block spends it.")
}

// descends is a refusal unless the anchor can't come to be without the coin that is spent.
func descends(r chain.Reader, s Spend) error {
	if s.Spent == s.Anchor {
		if len(s.Lineage) > 0 {
			return swap.Refuse(swap.CodeRefused, fieldLineage, "0", "The anchor itself is spent: there is nothing to prove.")
		}
		return nil
	}
	reader, ok := r.(chain.Ancestry)
	if n := len(s.Lineage); !ok || n == 0 || n > lineageMost {
		return swap.Refuse(swap.CodeRefused, fieldLineage, fmt.Sprint(lineageMost),
			"It takes the transactions from the anchor to the coin that is spent, up to the limit, on a chain that has coins.")
	}
	made := s.Anchor
	for i, raw := range s.Lineage {
		txid, coins, err := reader.Inputs(raw)
		if err != nil {
			return swap.Refuse(swap.CodeRefused, fieldLineage, "", fmt.Sprintf("Transaction %d can't be read: %.200v.", i+1, err))
		}
		if _, rest, _ := strings.Cut(made, ":"); !strings.HasPrefix(rest, txid+":") {
			return swap.Refuse(swap.CodeRefused, fieldLineage, "", fmt.Sprintf("Transaction %d does not make %s.", i+1, made))
		}
		if txid == s.Spender {
			return swap.Refuse(swap.CodeRefused, fieldLineage, "", "The spender is what makes the anchor.")
		}
		next := s.Spent
		if i+1 < len(s.Lineage) {
			if next, err = between(reader, coins, s.Lineage[i+1]); err != nil {
				return swap.Refuse(swap.CodeRefused, fieldLineage, "", fmt.Sprintf("Transaction %d: %v.", i+2, err))
			}
			next = string(s.Chain) + ":" + next
		}
		if !slices.Contains(coins, strings.TrimPrefix(next, string(s.Chain)+":")) {
			return swap.Refuse(swap.CodeRefused, fieldLineage, "", fmt.Sprintf("Transaction %d does not spend %s.", i+1, next))
		}
		made = next
	}
	return nil
}

var errUnrelated = errors.New("it makes none of the coins that the one before spends")

// between is the coin that the next transaction makes and this one spends.
func between(reader chain.Ancestry, coins []string, next []byte) (string, error) {
	txid, _, err := reader.Inputs(next)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(coins, func(coin string) bool { return strings.HasPrefix(coin, txid+":") })
	if i < 0 {
		return "", errUnrelated
	}
	return coins[i], nil
}

// onlyCoin watches one coin.
type onlyCoin string

// Address implements chain.Watch: what arrives is of no interest.
func (onlyCoin) Address(string) bool { return false }

// Coin implements chain.Watch.
func (o onlyCoin) Coin(id string) bool { return id == string(o) }
