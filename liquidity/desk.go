package liquidity

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// Desk decides what is promised. It keeps no state of its own.
type Desk struct {
	config Config
	market *Market
	funds  *Funds
	store  Store
	// stock is what prices are skewed by.
	stock inventory
	// drawdown is the part of the limit on losses that is used up; nil without one.
	drawdown Drawdown
	key      ed25519.PrivateKey
	keys     swap.PublicKeys
	// attestKeys sign receipts and consents.
	attestKeys swap.PublicKeys
	now        func() time.Time
}

// Request asks for a price: exactly one of Deposit and Payout has units, or none with
// Variable, which locks no price: what is estimated then is the least deposit.
type Request struct {
	Pair     asset.Pair
	Variable bool
	Deposit  asset.Amount
	Payout   asset.Amount
	Client   string
}

// terms is all that a pair's prices and limits follow from at one moment.
type terms struct {
	// config is the pair's, its Max no more than the books and the house's own limit take.
	config  PairConfig
	pricing Pricing
	// deposit and payout are the balances of the pair's assets.
	deposit, payout swap.Balance
}

// terms refuses with price_unavailable, chain_halted or insufficient_liquidity.
func (d *Desk) terms(c PairConfig) (terms, error) {
	if err := c.open(); err != nil {
		return terms{}, err
	}
	curve, err := d.curve(c)
	if err != nil {
		return terms{}, err
	}
	deposit, err := d.funds.receivable(c.Pair.From)
	if err != nil {
		return terms{}, err
	}
	payout, err := d.funds.payable(c.Pair.To)
	if err != nil {
		return terms{}, err
	}
	if room, limited, err := d.stock.room(c.Pair.From, c.Min.Units); err != nil {
		return terms{}, err
	} else if limited {
		c.Max.Units = smaller(c.Max.Units, room)
	}
	if reach, ends := curve.Curve.Reach(); ends {
		c.Max.Units = smaller(c.Max.Units, reach)
	}
	pricing := Pricing{Pair: c.Pair, Ratio: curve.Ratio, Curve: curve.Curve, FeeBPS: c.FeeBPS,
		NetworkFee: d.config.Fees[c.Pair.To].Network, RefundFeeMax: d.config.Fees[c.Pair.From].RefundMax}
	return terms{c, pricing, deposit, payout}, nil
}

// curve is the pair's price by size now, less everything that is taken off it but the
// service fee:
//
//	margin = spread + skew + premium + loss + drawdown, at least floor − fee
//
// It refuses with price_unavailable where the day's losses have reached their limit, or
// are not known.
func (d *Desk) curve(c PairConfig) (Curved, error) {
	m, lost, known := d.config.Market, int64(0), true
	if d.drawdown != nil {
		lost, known = d.drawdown()
	}
	switch {
	case !known:
		return Curved{}, noPrice("Ferry does not know what it has lost today, and takes no new swaps until it does.")
	case lost >= ppmWhole:
		return Curved{}, noPrice("Ferry has reached its own limit of losses and takes no new swaps for now.")
	}
	return d.market.Curve(c.Pair, c.Min.Units, c.Max.Units, func(now Condition) int64 {
		return max(c.least(), margin(c.SpreadBPS*ppmPerBPS, d.stock.skew(c.Pair, m.SkewMostPPM),
			premium(now.Variance, d.config.promised(), m.PremiumMostPPM), now.LossPPM, drawdown(lost, m.DrawdownMostPPM)))
	})
}

// limits are the pair's with so much free of its payout asset.
func (t terms) limits(free asset.Units) (Limits, error) {
	return t.pricing.Limits(Conditions{Min: t.config.Min, Max: t.config.Max,
		DepositDust: t.deposit.DustThreshold, PayoutDust: t.payout.DustThreshold, Free: free})
}

// Lock prices the request, books it and returns the signed quote, which is
// stored by then.
func (d *Desk) Lock(ctx context.Context, r Request) (string, error) {
	p, err := d.priced(r)
	if err != nil {
		return "", err
	}
	return d.book(ctx, p.terms, p.quote, p.field, r.Client)
}

// priced is a quote that is not booked yet, with the terms it follows from and the field
// of the request that named its amount.
type priced struct {
	terms terms
	quote swap.Quote
	field string
}

func (d *Desk) priced(r Request) (priced, error) {
	c, err := d.pair(r.Pair)
	if err != nil {
		return priced{}, err
	}
	t, err := d.terms(c)
	if err != nil {
		return priced{}, err
	}
	// Whether the balance suffices is the booking's to say, race-free.
	limits, err := t.limits(t.payout.Available)
	if err != nil {
		return priced{}, err
	}
	if limits.Max.Units.Less(limits.Min.Units) {
		return priced{}, noLiquidity(c.Pair.To)
	}
	most := limits.Max
	if limits.Max = t.config.Max; r.Variable {
		limits.Max = most // there is no booking that would refuse it
		if r.Deposit.Units.IsZero() && r.Payout.Units.IsZero() {
			r.Deposit = limits.Min
		}
	}
	offer, field, err := t.offer(r, limits)
	if err != nil {
		return priced{}, err
	}
	if err := limits.Check(offer, field, t.pricing); err != nil {
		return priced{}, err
	}
	quote, err := d.quote(t, offer)
	if err != nil {
		return priced{}, err
	}
	if r.Variable {
		d.leaveOpen(&quote, limits)
	}
	return priced{t, quote, field}, nil
}

// leaveOpen makes a quote one whose rate is set when its deposit is detected. Nothing is
// promised until then, so it may take longer. The rate is good for no longer than one of a
// short window would be: the state machine goes by the difference of both windows, which stays.
func (d *Desk) leaveOpen(q *swap.Quote, l Limits) {
	q.Variable, q.DepositMin, q.DepositMax = true, l.Min, l.Max
	if longer := d.config.VariableWindowSeconds - q.DepositWindowSeconds; d.config.VariableWindowSeconds > 0 {
		q.DepositWindowSeconds, q.ConfirmWindowSeconds = q.DepositWindowSeconds+longer, q.ConfirmWindowSeconds+longer
	}
}

func (d *Desk) pair(p asset.Pair) (PairConfig, error) {
	field := fieldFrom
	for _, c := range d.config.Pairs {
		if c.Pair == p {
			return c, nil
		}
		if c.Pair.From == p.From {
			field = fieldTo
		}
	}
	return PairConfig{}, swap.Refuse(swap.CodeUnknownPair, field, "", fmt.Sprintf("Ferry does not swap %.20s to %.20s.", p.From, p.To))
}

// offer prices whichever amount the request names, and says which field that is.
func (t terms) offer(r Request, l Limits) (Offer, string, error) {
	if !r.Payout.Units.IsZero() {
		offer, err := t.pricing.ByPayout(r.Payout)
		return offer, fieldPayout, tooLarge(err, fieldPayout, t.pricing.payoutOf(l.Max))
	}
	offer, err := t.pricing.ByDeposit(r.Deposit)
	if errors.Is(err, ErrFees) {
		return offer, fieldDeposit, tooSmall(fieldDeposit, l.Min)
	}
	return offer, fieldDeposit, tooLarge(err, fieldDeposit, l.Max)
}

func (d *Desk) book(ctx context.Context, t terms, quote swap.Quote, field, client string) (string, error) {
	signed, err := swap.SignQuote(quote, d.key)
	if err != nil {
		return "", fmt.Errorf("sign quote %s: %w", quote.ID, err)
	}
	bounds := d.bounds(t)
	crash.Point("liquidity.book.before")
	booking, err := d.store.Book(ctx, Lock{Quote: quote, Signed: signed, Client: client}, bounds)
	if err != nil {
		return "", err
	}
	crash.Point("liquidity.book.after")
	if !booking.Booked {
		return "", d.notBooked(booking, t, field)
	}
	return signed, nil
}

func (d *Desk) quote(t terms, o Offer) (swap.Quote, error) {
	rate, err := o.Rate()
	if err != nil {
		return swap.Quote{}, err
	}
	now := swap.Millis(d.now())
	return swap.Quote{
		ID: swap.NewID(swap.QuotePrefix, now), Pair: t.pricing.Pair, Deposit: o.Deposit, Payout: o.Payout, Rate: rate,
		ServiceFee: o.ServiceFee, NetworkFee: o.NetworkFee, RefundFeeMax: t.pricing.RefundFeeMax,
		IssuedAt: now, AcceptBy: now.Add(d.config.LockFor),
		DepositWindowSeconds: d.config.DepositWindowSeconds, ConfirmWindowSeconds: d.config.ConfirmWindowSeconds,
	}, nil
}

// bounds are what a lock at these terms must fit into.
func (d *Desk) bounds(t terms) Bounds {
	c := d.config
	return Bounds{Available: t.payout.Available, BalanceAt: t.payout.At, MaxLocks: c.MaxLocksPerClient, OversubscribePPM: c.OversubscribePPM,
		UnconfirmedPPM: c.UnconfirmedPPM, ClientPPM: c.ClientPPM, RiskMost: t.config.RiskMost, Length: c.promised()}
}

// notBooked says which bound stood in the way.
func (d *Desk) notBooked(b Booking, t terms, field string) error {
	bounds := d.bounds(t)
	switch b.Stop {
	case StopClient:
		return swap.Refuse(swap.CodeTooManyLocks, fieldClient, fmt.Sprint(d.config.MaxLocksPerClient),
			"Too many quotes are open: accept one or let one lapse.")
	case StopFunds:
		return t.overdrawn(leftOf(bounds.Available, b.Reserved, max(bounds.OversubscribePPM, ppmWhole)), field)
	case StopUnconfirmed:
		return t.overdrawn(leftOf(bounds.Available, b.Unconfirmed, bounds.UnconfirmedPPM), field)
	case StopShare:
		return swap.Refuse(swap.CodeTooManyLocks, fieldClient, "", "Your open quotes, and swaps whose deposit is not confirmed, take all that one client may: let one lapse or be confirmed.")
	case StopRisk:
		return t.risky(bounds.leftAtRisk(b.Risk), field)
	case StopLapsed:
	}
	return swap.Refuse(swap.CodeUnavailable, "", "", "The price lapsed before it could be booked. Please ask again.")
}

// risky refuses because the pair has enough at risk, with what it still takes.
func (t terms) risky(left asset.Units, field string) error {
	pair := t.pricing.Pair
	if left.Less(t.config.Min.Units) {
		return swap.Refuse(swap.CodeInsufficientLiquidity, "", "", "Ferry has promised as much of "+pair.String()+" as it may for now.")
	}
	limit := asset.Amount{Asset: pair.From, Units: left}
	if field == fieldPayout {
		limit = t.pricing.payoutOf(limit)
	}
	return swap.Refuse(swap.CodeInsufficientLiquidity, field, limit.String(), "Ferry can't promise so much now: the most is "+limit.String()+".")
}

// overdrawn refuses for want of balance, with what would still fit.
func (t terms) overdrawn(free asset.Units, field string) error {
	limits, err := t.limits(free)
	if err != nil {
		return err
	}
	if limits.Max.Units.Less(limits.Min.Units) {
		return noLiquidity(t.pricing.Pair.To)
	}
	limit := limits.Max
	if field == fieldPayout {
		limit = t.pricing.payoutOf(limits.Max)
	}
	return swap.Refuse(swap.CodeInsufficientLiquidity, field, limit.String(),
		"Ferry can't promise so much now: the most is "+limit.String()+".")
}

func noLiquidity(id asset.ID) error {
	return swap.Refuse(swap.CodeInsufficientLiquidity, "", "", "All "+string(id)+" that Ferry can pay is promised already.")
}

// minus is a-b, 0 where b is greater: promises may exceed a balance that fell.
func minus(a, b asset.Units) asset.Units {
	rest, err := a.Sub(b)
	if err != nil {
		return asset.Units{}
	}
	return rest
}
