package utxo

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Plan implements chain.Payer. All coins must be of the form that Rules.Input
// names, those that must be spent may be of Rules.Sibling's. The outputs come in their
// order, then change; change too small to be worth one goes to the fee.
func (a *Adapter) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	d, err := a.draft(f, r)
	if err != nil {
		return chain.Plan{}, err
	}
	if err := a.checkNetwork(ctx); err != nil {
		return chain.Plan{}, err
	}
	if d.terms, err = a.terms(ctx, f, r); err != nil {
		return chain.Plan{}, err
	}
	for range choicesMost {
		p, outputs, err := a.propose(ctx, f, r, d)
		if err != nil {
			return chain.Plan{}, err
		}
		leave, err := tooLarge(p.Coins, len(f.Must))
		if err != nil {
			return chain.Plan{}, err
		}
		if len(leave) == 0 {
			p.Unsigned, err = unsigned(p.Coins, outputs, a.rules.Sequence)
			return p, err
		}
		f.Coins = slices.DeleteFunc(slices.Clone(f.Coins), func(c chain.Coin) bool { return leave[c.ID()] })
	}
	return chain.Plan{}, fmt.Errorf("the transactions that made the coins are more than %d bytes together, however they were chosen: %w", previousBytes, chain.ErrFunds)
}

// propose chooses coins, divides what they are worth and reads what made them.
func (a *Adapter) propose(ctx context.Context, f chain.Funds, r chain.Request, d draft) (chain.Plan, []*wire.TxOut, error) {
	chosen, err := a.choose(f, r, d)
	if err != nil {
		return chain.Plan{}, nil, fmt.Errorf("pay %d base units at %d per kvB: %w", d.amount, d.rate, err)
	}
	p, outputs, err := a.settle(f, r, d, chosen)
	if err != nil {
		return chain.Plan{}, nil, err
	}
	return p, outputs, a.fillPrevious(ctx, p.Coins)
}

// draft is a payment before it has coins.
type draft struct {
	terms
	// pays are the outputs, of a whole one without its value yet; amount is their sum.
	pays   []*wire.TxOut
	amount uint64
	// back is where change goes. more is what inputs that must be spent weigh beyond the
	// chain's own form.
	back []byte
	more uint64
}

func (a *Adapter) draft(f chain.Funds, r chain.Request) (draft, error) {
	d := draft{more: a.moreWeight(f.Must)}
	if len(r.Outputs) == 0 || len(r.Outputs) > chain.OutputsMost || r.Whole && len(r.Outputs) != 1 {
		return d, fmt.Errorf("%d outputs, from 1 to %d can be paid, and one that takes everything", len(r.Outputs), chain.OutputsMost)
	}
	for i, o := range r.Outputs {
		sat, err := a.amount(o, r.Whole)
		if err != nil {
			return d, fmt.Errorf("output %d: %w", i, err)
		}
		script, err := a.rules.Script(o.Destination)
		if err != nil {
			return d, fmt.Errorf("output %d: destination: %w", i, err)
		}
		d.pays, d.amount = append(d.pays, wire.NewTxOut(int64(sat), script)), d.amount+sat
	}
	if d.amount > a.rules.Most {
		return d, fmt.Errorf("outputs of %d base units together are more than there are", d.amount)
	}
	if r.Whole {
		return d, nil
	}
	var err error
	if d.back, err = a.rules.Script(f.ChangeAddress); err != nil {
		return d, fmt.Errorf("change address: %w", err)
	}
	return d, nil
}

// amount of an output, in base units.
func (a *Adapter) amount(o chain.Output, whole bool) (uint64, error) {
	if o.Asset != a.native {
		return 0, fmt.Errorf("%.20q is no asset of %s", o.Asset, a.rules.Chain)
	}
	sat, ok := o.Units.Uint64()
	switch {
	case whole && !o.Units.IsZero():
		return 0, fmt.Errorf("it takes everything and names %s base units", o.Units)
	case !whole && (!ok || sat < a.rules.Dust || sat > a.rules.Most):
		return 0, fmt.Errorf("amount %s is not within %d to %d base units", o.Units, a.rules.Dust, a.rules.Most)
	}
	return sat, nil
}

// settle divides what the coins are worth into outputs, change and fee.
func (a *Adapter) settle(f chain.Funds, r chain.Request, d draft, chosen picked) (chain.Plan, []*wire.TxOut, error) {
	p := chain.Plan{Coins: chosen.coins, ChangeIndex: -1, Outputs: append([]chain.Output{}, r.Outputs...)}
	outputs := d.pays
	lift := d.lift(chosen.coins)
	weight := d.more + a.weight(len(chosen.coins), outputs)
	due := d.fee(weight) + lift
	switch {
	case r.Whole:
		if chosen.sat < due+a.rules.Dust {
			return p, nil, fmt.Errorf("coins worth %d base units leave nothing after a fee of %d: %w", chosen.sat, due, chain.ErrFunds)
		}
		outputs[0].Value = int64(chosen.sat - due)
		p.Outputs[0].Units = asset.NewUnits(chosen.sat - due)
	default:
		change := wire.NewTxOut(0, d.back)
		larger := d.more + a.weight(len(chosen.coins), append(outputs[:len(outputs):len(outputs)], change))
		withChange := d.fee(larger) + lift
		due = chosen.sat - d.amount
		if due >= withChange+a.rules.change() {
			change.Value = int64(due - withChange)
			p.ChangeIndex, p.ChangePath = len(outputs), f.ChangePath
			outputs, due, weight = append(outputs, change), withChange, larger
		}
	}
	p.Fee, p.Size = asset.NewUnits(due), vsize(weight)
	p.Rate = chain.Rate(due * 1000 / p.Size)
	if lift > 0 {
		p.Rate = chain.Rate(d.rate)
	}
	return p, outputs, a.withinLimits(r, d, p, lift)
}

// withinLimits: a fee is refused above the caller's most, and above the cap's rate but
// for what it pays for parents, or what was too little to come back.
func (a *Adapter) withinLimits(r chain.Request, d draft, p chain.Plan, lift uint64) error {
	tooMuch := chain.ErrFeeMax
	if d.others {
		tooMuch = chain.ErrDescendants
	}
	if r.FeeMax.Less(p.Fee) {
		return fmt.Errorf("fee %s of at most %s base units: %w", p.Fee, r.FeeMax, tooMuch)
	}
	if due := d.fee(4 * p.Size); due > rateFee(a.cfg.FeeCap, 4*p.Size) {
		return fmt.Errorf("fee %d for %d vbytes at a cap of %d per kvB, besides %d for parents: %w", due, p.Size, a.cfg.FeeCap, lift, tooMuch)
	} else if most := max(uint64(r.RateMost), d.rate); d.others && r.RateMost > 0 && due > rateFee(most, 4*p.Size) {
		return fmt.Errorf("fee %d for %d vbytes, at most %d per kvB are paid for what others have built: %w", due, p.Size, most, chain.ErrDescendants)
	}
	return nil
}

func unsigned(coins []chain.Coin, outputs []*wire.TxOut, sequence uint32) ([]byte, error) {
	tx := wire.NewMsgTx(2)
	for _, c := range coins {
		hash, err := chainhash.NewHashFromStr(c.TxID)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", c.ID(), err)
		}
		in := wire.NewTxIn(wire.NewOutPoint(hash, c.Index), nil, nil)
		in.Sequence = sequence
		tx.AddTxIn(in)
	}
	for _, out := range outputs {
		tx.AddTxOut(out)
	}
	var raw bytes.Buffer
	if err := tx.SerializeNoWitness(&raw); err != nil {
		return nil, fmt.Errorf("encode the transaction: %w", err)
	}
	return raw.Bytes(), nil
}

// weight is BIP141's weight of a signed transaction.
func (a *Adapter) weight(inputs int, outputs []*wire.TxOut) uint64 {
	base := 4 + wire.VarIntSerializeSize(uint64(inputs)) + wire.VarIntSerializeSize(uint64(len(outputs))) + 4
	for _, out := range outputs {
		base += out.SerializeSize()
	}
	return uint64(4*base) + a.rules.Input.Overhead + uint64(inputs)*a.rules.Input.Weight
}

// moreWeight is what inputs that must be spent weigh beyond the chain's own form.
func (a *Adapter) moreWeight(must []chain.Coin) (more uint64) {
	for _, c := range must {
		if script, err := a.rules.Script(c.Address); err == nil && a.rules.siblings(script) {
			more += a.rules.Sibling.Weight + 1 - a.rules.Input.Weight
		}
	}
	return more
}

// vsize is a weight in whole vbytes, rounded up as nodes do.
func vsize(weight uint64) uint64 { return (weight + 3) / 4 }

// rateFee of a weight at a rate in base units per 1000 vbytes, rounded up twice: to whole
// vbytes as nodes do, and to whole satoshis.
func rateFee(rate, weight uint64) uint64 { return (vsize(weight)*rate + 999) / 1000 }
