package payment

import (
	"errors"
	"fmt"

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
	return feeLimit{most: most, deferred: p.Order.Purpose != swap.PurposeGapFill}, nil
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
