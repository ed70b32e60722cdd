package price

import (
	"errors"
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// ErrFees means that the fees eat the whole amount.
var ErrFees = errors.New("nothing is left after fees")

// bpsWhole is one whole in basis points.
const bpsWhole = 10_000

// ppmWhole is one whole in millionths.
const ppmWhole = 1_000_000

// Formula is all that turns one amount into a swap's amounts. It is a value: its
// methods are pure.
type Formula struct {
	Pair  asset.Pair
	Ratio Ratio
	// Curve is what deposits above its first point are worth; without one Ratio holds for
	// any amount.
	Curve Curve
	// FeeBPS is the service fee, in basis points of the gross payout.
	FeeBPS int64
	// NetworkFee, in Pair.To, is the fixed cost of the payout. It has no more than
	// QuotePlaces places.
	NetworkFee asset.Amount
}

// Offer is the terms of one swap. Payout + ServiceFee + NetworkFee is exactly
// what the deposit is worth at the rate: the gross payout.
type Offer struct {
	Deposit    asset.Amount
	Payout     asset.Amount
	ServiceFee asset.Amount
	NetworkFee asset.Amount
}

// ByDeposit computes the payout of a deposit, which is echoed exactly:
//
//	gross   = deposit × ratio              rounded down to QuotePlaces; ratio as of its size (Curve)
//	service = gross × fee                  rounded up to QuotePlaces
//	payout  = gross − service − network    exact, so it needs no rounding
//
// ErrFees if no payout is left, ErrDepth beyond the curve, asset.ErrRange beyond 256 bits.
func (p Formula) ByDeposit(deposit asset.Amount) (Offer, error) {
	gross, err := p.gross(deposit.Units)
	if err != nil {
		return Offer{}, err
	}
	if p.FeeBPS < 0 {
		return Offer{}, fmt.Errorf("service fee of %d basis points: %w", p.FeeBPS, asset.ErrRange)
	}
	service, err := gross.Scale(asset.NewUnits(uint64(p.FeeBPS)), asset.NewUnits(bpsWhole), asset.Up)
	if err == nil {
		service, err = quotable(p.Pair.To, service, asset.Up)
	}
	if err != nil {
		return Offer{}, fmt.Errorf("service fee: %w", err)
	}
	return p.lessFees(deposit, gross, service)
}

// WithFee is ByDeposit with the service fee as an exact part of the gross payout in
// place of FeeBPS: what was charged once and is charged again.
func (p Formula) WithFee(deposit asset.Amount, fee Ratio) (Offer, error) {
	gross, err := p.gross(deposit.Units)
	if err != nil {
		return Offer{}, err
	}
	service, err := roundedMulDiv(p.Pair.To, gross, fee.Num, fee.Den, asset.Up)
	if err != nil {
		return Offer{}, fmt.Errorf("service fee: %w", err)
	}
	return p.lessFees(deposit, gross, service)
}

// gross is what a deposit is worth before fees, as ByDeposit has it.
func (p Formula) gross(deposit asset.Units) (asset.Units, error) {
	units, err := p.Curve.grossOf(p.Ratio, deposit)
	if errors.Is(err, ErrDepth) {
		return asset.Units{}, err
	}
	if err == nil {
		units, err = quotable(p.Pair.To, units, asset.Down)
	}
	if err != nil {
		return asset.Units{}, fmt.Errorf("gross payout: %w", err)
	}
	return units, nil
}

// lessFees is the offer that is left of a gross payout.
func (p Formula) lessFees(deposit asset.Amount, gross, service asset.Units) (Offer, error) {
	fees, err := service.Add(p.NetworkFee.Units)
	if err != nil {
		return Offer{}, fmt.Errorf("fees: %w", err)
	}
	if gross.Cmp(fees) <= 0 {
		return Offer{}, fmt.Errorf("deposit of %s: %w", deposit, ErrFees)
	}
	payout, err := gross.Sub(fees)
	if err != nil {
		return Offer{}, fmt.Errorf("payout: %w", err)
	}
	return p.offer(deposit.Units, payout, service), nil
}

// ByPayout computes the deposit that buys a payout, which is echoed exactly:
//
//	net     = payout + network
//	service = net × fee / (1 − fee)        rounded up to QuotePlaces
//	deposit = (net + service) / ratio      rounded up to QuotePlaces; ratio as of its size (Curve)
//
// ErrFees for a payout of nothing, ErrDepth beyond the curve, asset.ErrRange beyond 256 bits.
func (p Formula) ByPayout(payout asset.Amount) (Offer, error) {
	if payout.Units.IsZero() {
		return Offer{}, fmt.Errorf("payout of nothing: %w", ErrFees)
	}
	net, err := payout.Units.Add(p.NetworkFee.Units)
	if err != nil {
		return Offer{}, fmt.Errorf("payout with network fee: %w", err)
	}
	service, err := roundedMulDiv(p.Pair.To, net, big.NewInt(p.FeeBPS), big.NewInt(bpsWhole-p.FeeBPS), asset.Up)
	if err != nil {
		return Offer{}, fmt.Errorf("service fee: %w", err)
	}
	gross, err := net.Add(service)
	if err != nil {
		return Offer{}, fmt.Errorf("gross payout: %w", err)
	}
	deposit, err := p.Curve.depositFor(p.Ratio, gross)
	if err != nil {
		return Offer{}, fmt.Errorf("deposit: %w", err)
	}
	rounded, err := asset.Amount{Asset: p.Pair.From, Units: deposit}.RoundPlaces(asset.Up)
	if err != nil {
		return Offer{}, fmt.Errorf("deposit: %w", err)
	}
	return p.offer(rounded.Units, payout.Units, service), nil
}

func (p Formula) offer(deposit, payout, service asset.Units) Offer {
	return Offer{
		Deposit: asset.Amount{Asset: p.Pair.From, Units: deposit}, Payout: asset.Amount{Asset: p.Pair.To, Units: payout},
		ServiceFee: asset.Amount{Asset: p.Pair.To, Units: service}, NetworkFee: p.NetworkFee,
	}
}

// Gross is what the deposit is worth at the rate, before fees.
func (o Offer) Gross() (asset.Units, error) {
	reserved, err := o.Reserve()
	if err != nil {
		return asset.Units{}, err
	}
	return reserved.Add(o.ServiceFee.Units)
}

// Reserve is what the payout takes out of the hot wallet: payout and network fee.
func (o Offer) Reserve() (asset.Units, error) { return o.Payout.Units.Add(o.NetworkFee.Units) }

// Rate is the gross payout per coin deposited, as swap.Quote.Rate is defined: a
// decimal cut after 12 places, for people.
func (o Offer) Rate() (string, error) {
	gross, err := o.Gross()
	if err != nil {
		return "", err
	}
	if o.Deposit.Units.IsZero() {
		return "", fmt.Errorf("rate of a deposit of nothing: %w", asset.ErrRange)
	}
	pair := asset.Pair{From: o.Deposit.Asset, To: o.Payout.Asset}
	return Ratio{gross.Big(), o.Deposit.Units.Big()}.Text(pair)
}

// roundedMulDiv is u*num/den in units of the asset, rounded once, to QuotePlaces:
// rounding to whole units first does not move the coarser rounding in the same
// direction.
func roundedMulDiv(id asset.ID, u asset.Units, num, den *big.Int, r asset.Rounding) (asset.Units, error) {
	n, err := u.MulDiv(num, den, r)
	if err != nil {
		return asset.Units{}, err
	}
	return quotable(id, n, r)
}

// quotable is so many units with at most QuotePlaces.
func quotable(id asset.ID, n asset.Units, r asset.Rounding) (asset.Units, error) {
	rounded, err := asset.Amount{Asset: id, Units: n}.RoundPlaces(r)
	return rounded.Units, err
}
