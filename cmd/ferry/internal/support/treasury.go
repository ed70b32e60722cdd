package support

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// FundAddress is where treasury sends to: the hot wallet's first external
// address, or the paying account itself. ErrNotFound before the hot wallet's
// first start on the chain.
func (r *Reader) FundAddress(ctx context.Context, chain asset.Chain) (string, error) {
	type row struct{ Address string }
	found, err := rows[row](ctx, r, "FUND_ADDRESS", chain)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("the hot wallet has derived no address of its own on %s yet (has it been started?): %w", chain, ErrNotFound)
	}
	return found[0].Address, nil
}

// Balance is one asset of a chain as it stands in the hot wallet.
type Balance struct {
	Chain asset.Chain `json:"chain"`
	// OnChain is what the chain holds for us as booked, InFlight what of it is
	// held for signed payments that no block has.
	OnChain  Sum `json:"on_chain"`
	InFlight Sum `json:"in_flight"`
	// Available may be paid out now; Reserved is tied to planned and signed payments.
	Available Sum `json:"available"`
	Reserved  Sum `json:"reserved"`
	// ConfirmingIn are deposits in blocks that are not deep enough, ConfirmingOut payments.
	ConfirmingIn  Sum `json:"confirming_in"`
	ConfirmingOut Sum `json:"confirming_out"`
	// OnSender lies on the address that pays on an account chain, Unswept on its deposit
	// addresses.
	OnSender     Sum `json:"on_sender"`
	Unswept      Sum `json:"unswept"`
	HouseCapital Sum `json:"house_capital"`
	NetworkFees  Sum `json:"network_fees"`
	Suspense     Sum `json:"suspense"`
	// Height is the newest block processed, and SeenAt when; nil before the first.
	Height *int64     `json:"height,omitempty"`
	SeenAt *time.Time `json:"seen_at,omitempty"`
	Halt   *Halt      `json:"halt,omitempty"`
	// Reconciled is the newest comparison of the books with the node.
	Reconciled *Reconciliation `json:"reconciliation,omitempty"`
}

// Halt says that a chain's payments stand still.
type Halt struct {
	Chain  asset.Chain `json:"chain"`
	Reason string      `json:"reason"`
	Actor  string      `json:"actor"`
	Since  time.Time   `json:"since"`
}

// Reconciliation compares what the books say the chain holds with what the node says.
type Reconciliation struct {
	Chain  asset.Chain `json:"chain"`
	Height int64       `json:"height"`
	Book   Sum         `json:"book"`
	Node   Sum         `json:"node"`
	At     time.Time   `json:"at"`
}

// Off reports whether books and node differ.
func (r Reconciliation) Off() bool { return r.Book.Units.Cmp(r.Node.Units) != 0 }

type treasuryRow struct {
	OnChain, InFlight, ConfirmingIn, ConfirmingOut, Suspense, HouseCapital, NetworkFees string
	Available, Reserved, Unswept, OnSender                                              string
	Height                                                                              *int64
	SeenAt                                                                              *time.Time
	Halted, HaltedBy                                                                    string
	HaltedSince                                                                         *time.Time
	ReconciledHeight                                                                    *int64
	Book, Node                                                                          *string
	ReconciledAt                                                                        *time.Time
}

// Balances reads every chain's balances: of its own asset, and of the tokens that it
// has ever booked. confirmations says how deep a coin must
// be to be spent, per chain; 1 where it is missing.
func (r *Reader) Balances(ctx context.Context, confirmations map[asset.Chain]int64) ([]Balance, error) {
	var all []Balance
	for _, chain := range asset.Chains() {
		if _, err := r.FundAddress(ctx, chain); errors.Is(err, ErrNotFound) {
			continue // not run here, or not yet
		} else if err != nil {
			return nil, err
		}
		ids, err := r.assetsOf(ctx, chain)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found, err := rows[treasuryRow](ctx, r, "TREASURY_CHAIN", chain, id, max(1, confirmations[chain]), id == chain.NativeID())
			if err != nil {
				return nil, err
			}
			for _, row := range found {
				b, err := row.balance(chain, id)
				if err != nil {
					return nil, err
				}
				all = append(all, b)
			}
		}
	}
	return all, nil
}

// assetsOf are the chain's own asset and the tokens that were ever booked.
func (r *Reader) assetsOf(ctx context.Context, chain asset.Chain) ([]asset.ID, error) {
	tokens := []string{}
	for _, a := range asset.All() {
		if a.Token && a.Chain == chain {
			tokens = append(tokens, string(a.ID))
		}
	}
	type row struct{ Asset asset.ID }
	booked, err := rows[row](ctx, r, "TREASURY_TOKENS", tokens)
	if err != nil {
		return nil, err
	}
	ids := []asset.ID{chain.NativeID()}
	for _, b := range booked {
		ids = append(ids, b.Asset)
	}
	return ids, nil
}

func (row treasuryRow) balance(chain asset.Chain, id asset.ID) (Balance, error) {
	b := Balance{Chain: chain, Height: row.Height, SeenAt: row.SeenAt}
	for _, s := range []struct {
		into *Sum
		text string
	}{{&b.OnChain, row.OnChain}, {&b.InFlight, row.InFlight}, {&b.ConfirmingIn, row.ConfirmingIn},
		{&b.ConfirmingOut, row.ConfirmingOut}, {&b.Suspense, row.Suspense}, {&b.HouseCapital, row.HouseCapital},
		{&b.NetworkFees, row.NetworkFees}, {&b.Available, row.Available}, {&b.Reserved, row.Reserved}, {&b.Unswept, row.Unswept}, {&b.OnSender, row.OnSender}} {
		sum, err := newSum(id, s.text)
		if err != nil {
			return b, err
		}
		*s.into = sum
	}
	if row.HaltedSince != nil {
		b.Halt = &Halt{Chain: chain, Reason: row.Halted, Actor: row.HaltedBy, Since: *row.HaltedSince}
	}
	if row.ReconciledHeight != nil && row.Book != nil && row.Node != nil && row.ReconciledAt != nil {
		c, err := newReconciliation(chain, id, *row.ReconciledHeight, *row.Book, *row.Node, *row.ReconciledAt)
		if err != nil {
			return b, err
		}
		b.Reconciled = &c
	}
	return b, nil
}

func newReconciliation(chain asset.Chain, id asset.ID, height int64, book, node string, at time.Time) (Reconciliation, error) {
	c := Reconciliation{Chain: chain, Height: height, At: at}
	var err error
	if c.Book, err = newSum(id, book); err != nil {
		return c, err
	}
	c.Node, err = newSum(id, node)
	return c, err
}
