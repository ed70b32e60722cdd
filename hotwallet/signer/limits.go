package signer

import (
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
)

// Limits of what is read. They bound work and memory per request.
const (
	// maxUnsignedUTXO is the largest unsigned transaction, in bytes: the relay
	// limit of 400,000 weight units without witnesses, and of 100,000 bytes on
	// Bitcoin Cash.
	maxUnsignedUTXO = 100_000
	// maxPreviousTx is the largest previous transaction, in bytes. The txid does
	// not cover witnesses, so a larger one can be handed in without them.
	maxPreviousTx = 1_000_000
	maxInputs     = 200
	maxChange     = 4
	// maxBatch bounds the authorities that one transaction pays.
	maxBatch = 100
	// maxUnsignedEthereum is ample for a transfer of ether or a token.
	maxUnsignedEthereum = 1024
	// maxAttempts bounds the transactions signed for one authority that share an anchor,
	// maxDead the anchors that it may have lost.
	maxAttempts = 100
	maxDead     = 100
	// basisPoints is the whole, in basis points.
	basisPoints = 10_000
)

// maxSupply is the most coins that there ever are, in base units: 21 million, 84
// million of Litecoin.
var maxSupply = map[asset.Chain]int64{
	asset.Bitcoin: 21_000_000_0000_0000, asset.Litecoin: 84_000_000_0000_0000, asset.BitcoinCash: 21_000_000_0000_0000,
}

// Cap limits what pays an asset, each transaction by itself and all of them over time.
// The fee must stay below all three of its limits (Paxos paid a fee of 19.8 BTC,
// DeversiFi one of 7,600 ETH).
type Cap struct {
	// PerTransaction is the most one transaction pays, in base units.
	PerTransaction asset.Units `json:"per_transaction"`
	// PerHour and PerDay are the most that is signed for in any hour and any day, for
	// payments that leave: what goes to our own addresses is not counted.
	PerHour asset.Units `json:"per_hour"`
	PerDay  asset.Units `json:"per_day"`
	// Fee is the most one transaction costs, in base units of the chain's asset.
	Fee asset.Units `json:"fee"`
	// FeePerHour and FeePerDay are the most that is signed for in fees, whatever they
	// are for. A token has none: its fees are counted with the chain's asset.
	FeePerHour asset.Units `json:"fee_per_hour,omitzero"`
	FeePerDay  asset.Units `json:"fee_per_day,omitzero"`
	// FeeRate is the most per virtual byte or per gas, in base units of the chain's asset.
	FeeRate asset.Units `json:"fee_rate"`
	// FeeBasisPoints is the largest fee as a share of the amount, of 10,000. A token has
	// none: its fee is in another asset, and the signer knows no price.
	FeeBasisPoints int64 `json:"fee_basis_points"`
	// FeeAnyShare is up to where a fee may be any share of the amount, in base units (the native
	// asset of an account chain only; zero: nowhere). There a payment that offers too little keeps all
	// later nonces of its account waiting, whatever it pays. A sweep's never may: it has its address to itself.
	FeeAnyShare asset.Units `json:"fee_any_share,omitzero"`
	// Gas is the largest gas limit (Ethereum only).
	Gas uint64 `json:"gas,omitempty"`
	// GasTopUp is the most that a deposit address is given to pay a sweep's gas with, in
	// base units (the native asset of an account chain only; zero: nothing ever).
	GasTopUp asset.Units `json:"gas_topup,omitzero"`
}

// Caps are the limits by asset. An asset that is absent is never paid.
type Caps map[asset.ID]Cap

// DefaultCaps suit a demonstration and a careful beginning: 2 BTC, 1500 LTC, 400 BCH,
// 50 ETH, 100,000 USDT or USDC; over time as OverTime has it.
func DefaultCaps() Caps {
	caps := Caps{
		asset.BTC: {PerTransaction: asset.NewUnits(2_0000_0000), Fee: asset.NewUnits(100_0000),
			FeeRate: asset.NewUnits(1000), FeeBasisPoints: 2500},
		asset.LTC: {PerTransaction: asset.NewUnits(1500_0000_0000), Fee: asset.NewUnits(1000_0000),
			FeeRate: asset.NewUnits(10_000), FeeBasisPoints: 2500},
		asset.BCH: {PerTransaction: asset.NewUnits(400_0000_0000), Fee: asset.NewUnits(1000_0000),
			FeeRate: asset.NewUnits(1000), FeeBasisPoints: 2500},
		asset.ETH: {PerTransaction: asset.MustUnits("50000000000000000000"), Fee: asset.MustUnits("50000000000000000"),
			FeeRate: asset.NewUnits(1000_000_000_000), FeeBasisPoints: 2500, Gas: 100_000, GasTopUp: asset.MustUnits("10000000000000000")},
		asset.USDT: tokenCap(),
		asset.USDC: tokenCap(),
	}
	for id, limit := range caps {
		filled, err := limit.OverTime(id)
		if err != nil {
			panic("signer: " + err.Error()) // of constants
		}
		caps[id] = filled
	}
	return caps
}

// Limits over time where none are given, as multiples of those per transaction.
const (
	perHourTimes, perDayTimes       = 20, 100
	feePerHourTimes, feePerDayTimes = 50, 200
)

// OverTime is the cap with limits over time where it had none: 20 times what one
// transaction may pay in an hour and 100 times in a day; of fees 50 and 200 times what
// one may cost.
func (c Cap) OverTime(id asset.ID) (Cap, error) {
	a, ok := asset.Lookup(id)
	if !ok {
		return c, fmt.Errorf("cap of asset %.20q, which is not known", id)
	}
	type fill struct {
		limit *asset.Units
		of    asset.Units
		times uint64
	}
	fills := []fill{{&c.PerHour, c.PerTransaction, perHourTimes}, {&c.PerDay, c.PerTransaction, perDayTimes}}
	if !a.Token {
		fills = append(fills, fill{&c.FeePerHour, c.Fee, feePerHourTimes}, fill{&c.FeePerDay, c.Fee, feePerDayTimes})
	}
	for _, f := range fills {
		if !f.limit.IsZero() {
			continue
		}
		var err error
		if *f.limit, err = f.of.MulDiv(asset.NewUnits(f.times).Big(), asset.Pow10(0), asset.Down); err != nil {
			return c, fmt.Errorf("limits of %s over time: %w", id, err)
		}
	}
	return c, nil
}

// tokenCap is 100,000 coins of a dollar, for at most 0.05 ETH.
func tokenCap() Cap {
	return Cap{PerTransaction: asset.NewUnits(100_000_000_000), Fee: asset.MustUnits("50000000000000000"),
		FeeRate: asset.NewUnits(1000_000_000_000), Gas: 200_000}
}

// Validate reports a cap that is not set or belongs to no asset.
func (c Caps) Validate() error {
	for id, limit := range c {
		a, ok := asset.Lookup(id)
		switch {
		case !ok:
			return fmt.Errorf("cap of asset %.20q, which is not known", id)
		case limit.PerTransaction.IsZero() || limit.Fee.IsZero() || limit.FeeRate.IsZero():
			return fmt.Errorf("cap of %s: per_transaction, fee and fee_rate must be above zero", id)
		case a.Token && limit.FeeBasisPoints != 0:
			return fmt.Errorf("cap of %s: fee_basis_points %d; a token's fee is no share of its amount", id, limit.FeeBasisPoints)
		case !a.Token && limit.FeeBasisPoints <= 0 || limit.FeeBasisPoints > basisPoints:
			return fmt.Errorf("cap of %s: fee_basis_points %d is not between 1 and %d", id, limit.FeeBasisPoints, basisPoints)
		case a.Chain.Family() == asset.Account && limit.Gas < 21_000:
			return fmt.Errorf("cap of %s: gas %d is below 21000, which every transfer costs", id, limit.Gas)
		case limit.PerHour.Less(limit.PerTransaction) || limit.PerDay.Less(limit.PerHour):
			return fmt.Errorf("cap of %s: per_hour must be at least per_transaction, and per_day at least per_hour", id)
		case a.Token && !(limit.FeePerHour.IsZero() && limit.FeePerDay.IsZero()):
			return fmt.Errorf("cap of %s: fee_per_hour and fee_per_day are the chain's; a token has none", id)
		case !a.Token && (limit.FeePerHour.Less(limit.Fee) || limit.FeePerDay.Less(limit.FeePerHour)):
			return fmt.Errorf("cap of %s: fee_per_hour must be at least fee, and fee_per_day at least fee_per_hour", id)
		case (a.Token || a.Chain.Family() != asset.Account) && !limit.GasTopUp.IsZero():
			return fmt.Errorf("cap of %s: gas_topup; addresses are topped up in the native asset of a chain of accounts only", id)
		case (a.Token || a.Chain.Family() != asset.Account) && !limit.FeeAnyShare.IsZero():
			return fmt.Errorf("cap of %s: fee_any_share; only payments of the native asset of a chain of accounts have it", id)
		case limit.Fee.Less(limit.FeeAnyShare):
			return fmt.Errorf("cap of %s: fee_any_share must be at most fee", id)
		}
	}
	return nil
}

// checkAmount refuses an amount above what one transaction may pay. An asset without
// limits is not paid at all.
func (c Caps) checkAmount(id asset.ID, amount asset.Units) error {
	limit, ok := c[id]
	if !ok {
		return refuse("unsigned_tx", "", "The signer has no limits for %s, so it pays none.", id)
	}
	if limit.PerTransaction.Less(amount) {
		return refuse("unsigned_tx", limit.PerTransaction.String(), "The amount %s is above the limit for one transaction.", amount)
	}
	return nil
}

// checkFee refuses a fee above the absolute limit, or the one by rate: what the child's
// size and that of the package it belongs to may cost, less what the package has paid.
func (c Caps) checkFee(id asset.ID, fee asset.Units, size uint64, behind ancestors) error {
	limit, ok := c[id]
	if !ok {
		return refuse("unsigned_tx", "", "The signer has no limits for %s, so it pays none.", id)
	}
	if limit.Fee.Less(fee) {
		return refuse("unsigned_tx", limit.Fee.String(), "The fee %s is above the limit.", fee)
	}
	byRate, err := limit.FeeRate.MulDiv(asset.NewUnits(size+behind.size).Big(), asset.Pow10(0), asset.Down)
	if err != nil {
		return fmt.Errorf("largest fee by rate: %w", err)
	}
	if byRate, err = byRate.Sub(behind.fee); err != nil || byRate.Less(fee) {
		return refuse("unsigned_tx", byRate.String(), "The fee %s is above the limit for a transaction of this size.", fee)
	}
	return nil
}

// checkShare refuses a fee that is too large a share of the amount. A token's is in
// another asset, and has no share.
func (c Caps) checkShare(id asset.ID, amount, fee asset.Units) error {
	if a, known := asset.Lookup(id); known && a.Token {
		return nil
	}
	byShare, err := amount.MulDiv(asset.NewUnits(uint64(c[id].FeeBasisPoints)).Big(), asset.Pow10(4), asset.Down)
	if err != nil {
		return fmt.Errorf("largest fee by share: %w", err)
	}
	if byShare.Less(fee) {
		return refuse("unsigned_tx", byShare.String(), "The fee %s is too large a share of the amount.", fee)
	}
	return nil
}

// refuse makes the signer's refusal: all of them have one code, because no caller
// can do anything about them but stop.
func refuse(field, limit, format string, args ...any) error {
	return swap.Refuse(swap.CodeRefused, field, limit, fmt.Sprintf(format, args...))
}
