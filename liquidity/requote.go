package liquidity

import (
	"errors"
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
)

// Limits of a request for a price.
const (
	// priceWait is how long after a request a missing price, or a balance that was
	// not told lately, is waited for before it is refused: a restart of ours should
	// cost nobody their swap.
	priceWait = time.Minute
	// requestLapses is how long an answer is of use: by then the state machine has
	// stopped waiting and refunds. An answer after it could reserve what nobody
	// will ever close.
	requestLapses = 10 * time.Minute
)

// errNotYet means that a request can't be answered now and may be soon.
var errNotYet = errors.New("there is no price yet")

// requoting is one request with what it rests on, verified.
type requoting struct {
	request     swap.RequoteRequest
	terms       swap.Terms
	total       asset.Amount
	consent     *swap.Consent
	consentHash string
}

// answer prices a request. It always answers, but for errNotYet.
func (d *Desk) answer(r swap.RequoteRequest) (Answer, error) {
	a := Answer{Request: r, At: swap.Millis(d.now())}
	v, err := d.verify(r)
	if err == nil {
		err = v.checkBasis()
	}
	if err != nil {
		return a.fault(err), nil
	}
	if age := a.At.Sub(r.At); age >= requestLapses {
		return a.refuse(swap.RefusedUnavailable, fmt.Errorf("it was asked for %s ago", age)), nil
	}
	offer, payout, err := d.reprice(v)
	switch {
	case errors.Is(err, errNotYet) && a.At.Sub(r.At) < priceWait:
		return a, err
	case err != nil:
		return a.refuse(swap.RefusedUnavailable, err), nil
	}
	a.Bounds = Bounds{Available: payout.Available, BalanceAt: payout.At, UnconfirmedPPM: d.config.UnconfirmedPPM,
		ClientPPM: d.config.ClientPPM, Length: d.config.promised()}
	if c, err := d.pair(v.terms.Quote.Pair); err == nil {
		a.Bounds.RiskMost = c.RiskMost
	}
	return d.permitted(a, v, offer), nil
}

// verify checks everything signed in a request, and that it belongs together.
func (d *Desk) verify(r swap.RequoteRequest) (requoting, error) {
	v := requoting{request: r}
	var err error
	if v.terms, err = swap.VerifyTerms(r.SignedQuote, r.SignedReceipt, d.keys, d.attestKeys); err != nil {
		return v, fmt.Errorf("its terms: %w", err)
	}
	if v.terms.Receipt.SwapID != r.SwapID {
		return v, fmt.Errorf("its receipt is for swap %s", v.terms.Receipt.SwapID)
	}
	if v.total, err = (swap.Order{ID: r.ID, Deposits: r.Deposits}).Total(); err != nil {
		return v, err
	}
	if v.total.Asset != v.terms.Quote.Pair.From {
		return v, fmt.Errorf("its deposits are in %s, the quote is for %s", v.total.Asset, v.terms.Quote.Pair)
	}
	if r.SignedConsent == "" {
		return v, nil
	}
	consent, err := swap.VerifyConsent(r.SignedConsent, d.attestKeys)
	if err != nil {
		return v, fmt.Errorf("its consent: %w", err)
	}
	v.consent, v.consentHash = &consent, swap.HashDocument(r.SignedConsent)
	return v, nil
}

// checkBasis keeps the locked rate to what it is for, so that whoever sends requests
// can't buy at it whenever the market has moved: all of it for an excess over the main
// leg that is too little to be sent back, as Terms.Permits bounds it; within LateMostBPS
// for a main leg that came late.
func (v requoting) checkBasis() error {
	switch {
	case v.request.Basis == swap.BasisMarket:
		return nil
	case v.terms.Quote.Variable && v.request.Basis != swap.BasisDetected:
		return errors.New("a variable quote has no locked rate")
	case v.request.Basis == swap.BasisDetected:
		if !v.terms.Quote.Variable || !v.request.Main || len(v.request.Deposits) != 1 || v.consent != nil {
			return errors.New("a rate is set at detection for the one deposit of a variable quote")
		}
		return nil
	case !v.request.Main:
		return errors.New("an extra deposit has no locked rate")
	case v.request.Basis == swap.BasisLocked && !v.terms.SmallExcess(v.total):
		return errors.New("the locked rate is for a small excess, and it is none")
	case v.request.Basis == swap.BasisLocked && v.consent != nil:
		return errors.New("a consent is for the market's price")
	}
	return nil
}

// reprice computes what is paid for a request and against which balance. errNotYet
// where what is missing may come soon, else why it can't be paid.
func (d *Desk) reprice(v requoting) (Offer, swap.Balance, error) {
	pair := v.terms.Quote.Pair
	c, err := d.pair(pair)
	if err != nil {
		return Offer{}, swap.Balance{}, err
	}
	if err := c.open(); err != nil && v.request.Basis != swap.BasisLocked {
		return Offer{}, swap.Balance{}, err
	}
	deposit, heard := d.funds.balance(pair.From)
	payout, told := d.funds.balance(pair.To)
	if !heard || !told {
		return Offer{}, payout, errNotYet
	}
	if err := errors.Join(halted(deposit), halted(payout)); err != nil {
		return Offer{}, payout, err
	}
	var market *price.Ratio
	switch curve, err := d.curve(c); {
	case err == nil:
		ratio, err := curve.Curve.RatioAt(curve.Ratio, v.total.Units)
		if err != nil && v.request.Basis != swap.BasisLocked {
			return Offer{}, payout, tooLarge(err, fieldDeposit, c.Max)
		}
		if err == nil {
			market = &ratio
		}
	case swap.ErrorCode(err) != swap.CodePriceUnavailable:
		return Offer{}, payout, err
	case v.request.Basis != swap.BasisLocked:
		return Offer{}, payout, errNotYet
	}
	offer, err := Reprice(v.terms, v.request.Basis, v.total, market)
	switch {
	case err != nil:
		return Offer{}, payout, err
	case c.Max.Units.Less(v.total.Units):
		return Offer{}, payout, refuseTooLarge(fieldDeposit, c.Max)
	case offer.Payout.Units.Less(payout.DustThreshold):
		return Offer{}, payout, tooSmall(fieldPayout, asset.Amount{Asset: pair.To, Units: payout.DustThreshold})
	}
	return offer, payout, nil
}

// permitted signs the offer where the terms permit it, and refuses it where not.
func (d *Desk) permitted(a Answer, v requoting, o Offer) Answer {
	rate, err := o.Rate()
	if err != nil {
		return a.fault(err)
	}
	a.Requote = swap.Requote{ID: a.Request.ID, SwapID: a.Request.SwapID, ReceiptHash: swap.HashDocument(a.Request.SignedReceipt),
		ConsentHash: v.consentHash, Main: a.Request.Main, DepositsHash: swap.HashDeposits(a.Request.Deposits), Deposit: v.total,
		Payout: o.Payout, ServiceFee: o.ServiceFee, NetworkFee: o.NetworkFee, Rate: rate, IssuedAt: a.At}
	if err := v.terms.Permits(a.Requote, a.Request.Deposits, v.consent, v.consentHash); err != nil {
		refused := swap.RefusedBeyond
		if v.consent != nil {
			refused = swap.RefusedBelow
			if least := v.consent.AtLeast; least.Asset != o.Payout.Asset || !o.Payout.Units.Less(least.Units) {
				return a.fault(err) // it is not the price that stands in the way
			}
		}
		a.Offer = o.Payout
		return a.refuse(refused, err)
	}
	if a.Signed, err = swap.SignRequote(a.Requote, d.key); err != nil {
		return a.fault(err)
	}
	return a
}
