package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// House is what a payment of the house's own has in place of a swap's documents: it
// moves between our own addresses, which the signer derives by itself.
type House struct {
	// FeeMax is the most it may cost, in the chain's own asset.
	FeeMax asset.Units `json:"fee_max"`
	// From is the deposit address that a sweep comes from (account chains).
	From string `json:"from,omitempty"`
	// Nonce is From's, or of a gap-fill the one to fill.
	Nonce uint64 `json:"nonce,omitempty"`
	// Lifts is the coin of a sweep that is there to raise what made it, "<txid>:<index>", and
	// Rate what it offers together with that (UTXO chains).
	Lifts string     `json:"lifts,omitempty"`
	Rate  chain.Rate `json:"rate,omitempty"`
	// DepositPath is the BIP32 path of the address that a top-up goes to.
	DepositPath string `json:"deposit_path,omitempty"`
}

// CheckHouse reports a payment that claims to be the house's own and is not.
func CheckHouse(p Payment) error {
	o := p.Order
	switch {
	case p.House == nil || !o.Purpose.House():
		return fmt.Errorf("purpose %.20q is none of the house's own", o.Purpose)
	case o.SwapID != "" || len(o.Deposits) != 0 || o.SignedQuote != "" || o.SignedReceipt != "":
		return errors.New("a payment of the house's own has no swap, deposits or documents")
	case o.Purpose == swap.PurposeSweep && o.Chain.Family() == asset.Account && p.House.From == "":
		return errors.New("a sweep names the address it comes from")
	case p.House.Lifts != "" && (o.Purpose != swap.PurposeSweep || o.Chain.Family() != asset.UTXO || p.House.Rate == 0):
		return errors.New("only a sweep of coins raises what made one, and says what it offers")
	case o.Purpose == swap.PurposeGasTopUp && p.House.DepositPath == "":
		return errors.New("a top-up names the path of the address it goes to")
	}
	return nil
}

// allowed reports why a payment may not be made: its documents, or what the house has
// in their place, do not allow it.
func (e *Engine) allowed(p Payment) error {
	if p.Order.Purpose.House() {
		return CheckHouse(p)
	}
	return CheckAuthority(p.Order, e.config.QuoteKeys, e.config.AttestKeys)
}

// tooLarge reports a payment above what one may pay. What the house moves stays ours.
func (e *Engine) tooLarge(o swap.Order) bool {
	most, limited := e.config.AmountMax[o.Amount.Asset]
	return limited && !o.Purpose.House() && most.Less(o.Amount.Units)
}

// limitOf is the most that a payment may cost now. A sweep or a top-up waits for fees to
// fall; a nonce that has to be filled holds others up, so that somebody has to look.
func (e *Engine) limitOf(p Payment) (feeLimit, error) {
	if p.House == nil {
		return e.feeLimit(p.Order)
	}
	most := e.config.FeeMax
	if p.House.FeeMax.Less(most) {
		most = p.House.FeeMax
	}
	if p.Order.Purpose == swap.PurposeGapFill || e.config.Now().Sub(p.Order.At) <= deferMost {
		return feeLimit{most: most, deferred: p.Order.Purpose != swap.PurposeGapFill}, nil
	}
	return e.lateLimit(p, most)
}

// lateLimit is what a sweep or a top-up may cost that has waited for deferMost: a sweep of an
// account as much of what it moves as any payment may, since what it holds can't be swept
// otherwise. Coins that are brought together can be spent by payments as well, and what raises
// another transaction keeps to what that may cost: neither is worth more for having waited.
// Where that is too little people have to look.
func (e *Engine) lateLimit(p Payment, most asset.Units) (feeLimit, error) {
	late := most
	if e.isToken(p.Order) { // it can't spend more than the gas that is there
		late = e.config.FeeMax
	} else if p.Order.Purpose == swap.PurposeSweep && p.Order.Chain.Family() == asset.Account {
		var err error
		if late, err = e.feeMax(p.Order.Amount.Units); err != nil {
			return feeLimit{}, err
		}
	}
	if late.Less(most) {
		late = most
	}
	return feeLimit{most: late}, nil
}

// withdrawAfter is how long a sweep or a top-up may wait without a plan. Then it is taken
// back, and decided anew by what is worth it then: it keeps its address from any other.
const withdrawAfter = 24 * time.Hour

// outlived reports a sweep or a top-up that is to be taken back.
func (e *Engine) outlived(p Payment) bool {
	o := p.Order
	return p.House != nil && (o.Purpose == swap.PurposeSweep || o.Purpose == swap.PurposeGasTopUp) && e.config.Now().Sub(o.At) > withdrawAfter
}

// withdraw takes back a payment of the house's own that has no plan: nothing was signed for it.
func (e *Engine) withdraw(ctx context.Context, p Payment, cause error) error {
	if err := e.config.Store.StoreWithdrawn(ctx, p); err != nil {
		return err
	}
	e.config.Log.Warn("payment of the house's own taken back, for it could not be planned in time", "chain", e.config.Chain, "order", p.Order.ID, "error", cause)
	return nil
}

// sweptAgain plans another attempt of a sweep: it moves what the newest attempt moves and
// costs together, less what it costs now; of a token as much as before. What has come since
// is the next sweep's.
func (e *Engine) sweptAgain(ctx context.Context, b Batch, f chain.Funds, r chain.Request) (chain.Plan, error) {
	before, o := b.Newest().Plan, b.Payments[0].Order
	if len(before.Outputs) != 1 {
		return chain.Plan{}, fmt.Errorf("sweep %s has %d outputs", b.ID, len(before.Outputs))
	}
	moved := before.Outputs[0].Units
	r.Whole, r.Outputs[0].Units = true, asset.Units{}
	f.Coins, f.ChangePath = nil, before.ChangePath
	switch {
	case e.config.Chain.Family() == asset.UTXO:
	case e.isToken(o):
		if f.TokenBalance.Less(moved) {
			return chain.Plan{}, &chain.ShortError{Asset: o.Amount.Asset, Has: f.TokenBalance, Needs: moved}
		}
		f.TokenBalance = moved
	default:
		total, err := moved.Add(before.Fee)
		if err != nil {
			return chain.Plan{}, fmt.Errorf("what %s moves and costs: %w", b.ID, err)
		}
		if f.Balance.Less(total) {
			return chain.Plan{}, &chain.ShortError{Asset: o.Amount.Asset, Has: f.Balance, Needs: total}
		}
		f.Balance = total
	}
	plan, err := e.config.Payer.Plan(ctx, f, r)
	return returned(b.Payments[0], f, plan), err
}

// request is what to plan for a payment. A sweep takes all that is there.
func request(p Payment, most asset.Units) chain.Request {
	o := p.Order
	r := chain.Pay(chain.Output{Destination: o.Destination, Asset: o.Amount.Asset, Units: o.Amount.Units}, most)
	if o.Purpose == swap.PurposeSweep {
		r.Whole, r.Outputs[0].Units = true, asset.Units{}
		r.Rate = p.House.Rate
	}
	return r
}

// returned marks the one output of a sweep of coins as what comes back to us.
func returned(p Payment, f chain.Funds, plan chain.Plan) chain.Plan {
	if p.Order.Purpose == swap.PurposeSweep && p.Order.Chain.Family() == asset.UTXO && plan.ChangeIndex < 0 {
		plan.ChangeIndex, plan.ChangePath = 0, f.ChangePath
	}
	return plan
}
