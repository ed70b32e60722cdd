package utxo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// maxPrevious bounds the previous transactions remembered.
const maxPrevious = 1000

// Plan implements chain.Payer. All coins must be of the form that Rules.Input
// names, those that must be spent may be of Rules.Sibling's. The payment is output 0, change output 1; change too small to be worth
// one goes to the fee.
func (a *Adapter) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	if r.Asset != a.native {
		return chain.Plan{}, fmt.Errorf("%.20q is no asset of %s", r.Asset, a.rules.Chain)
	}
	amount, ok := r.Units.Uint64()
	if !ok || amount < a.rules.Dust || amount > a.rules.Most {
		return chain.Plan{}, fmt.Errorf("amount %s is not within %d to %d base units", r.Units, a.rules.Dust, a.rules.Most)
	}
	pay, err := a.rules.Script(r.Destination)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("destination: %w", err)
	}
	back, err := a.rules.Script(f.ChangeAddress)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("change address: %w", err)
	}
	if err := a.checkNetwork(ctx); err != nil {
		return chain.Plan{}, err
	}
	rate := a.feeRate(ctx)
	more := a.moreWeight(f.Must)
	chosen, err := a.selectCoins(f, a.costs(rate, amount, more, pay, back))
	if err != nil {
		return chain.Plan{}, fmt.Errorf("pay %d base units at %d per kvB: %w", amount, rate, err)
	}
	p := chain.Plan{Coins: chosen.coins, ChangeIndex: -1}
	outputs := []*wire.TxOut{wire.NewTxOut(int64(amount), pay)}
	cost := chosen.sat - amount
	if withChange := fee(rate, more+a.weight(len(chosen.coins), pay, back)); cost >= withChange+a.rules.change() {
		outputs = append(outputs, wire.NewTxOut(int64(cost-withChange), back))
		cost, p.ChangeIndex, p.ChangePath = withChange, 1, f.ChangePath
	}
	p.Fee = asset.NewUnits(cost)
	if r.FeeMax.Less(p.Fee) {
		return chain.Plan{}, fmt.Errorf("fee %d of at most %s base units: %w", cost, r.FeeMax, chain.ErrFeeMax)
	}
	if err := a.fillPrevious(ctx, p.Coins); err != nil {
		return chain.Plan{}, err
	}
	p.Unsigned, err = unsigned(p.Coins, outputs, a.rules.Sequence)
	return p, err
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
func (a *Adapter) weight(inputs int, scripts ...[]byte) uint64 {
	base := 4 + wire.VarIntSerializeSize(uint64(inputs)) + wire.VarIntSerializeSize(uint64(len(scripts))) + 4
	for _, s := range scripts {
		base += 8 + wire.VarIntSerializeSize(uint64(len(s))) + len(s)
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

// fee of a weight at a rate in base units per 1000 vbytes, rounded up twice: to whole
// vbytes as nodes do, and to whole satoshis.
func fee(rate, weight uint64) uint64 {
	return ((weight+3)/4*rate + 999) / 1000
}

// feeRate asks the node, in base units per 1000 vbytes. No answer is no error: nodes
// learn only from what was mined before them.
func (a *Adapter) feeRate(ctx context.Context) uint64 {
	rate, err := a.estimate(ctx)
	if err != nil {
		rate = a.cfg.FeeFallback
	}
	return min(max(rate, a.cfg.FeeFloor), a.cfg.FeeCap)
}

// estimate asks Bitcoin Core's call first, then btcd's. Both answer in coins
// per kvB.
func (a *Adapter) estimate(ctx context.Context) (uint64, error) {
	var smart struct {
		Rate json.Number `json:"feerate"`
	}
	number := &smart.Rate
	err := a.node.call(ctx, &smart, "estimatesmartfee", a.cfg.ConfirmTarget)
	var refused *rpcError
	if errors.As(err, &refused) {
		err = a.node.call(ctx, number, "estimatefee", a.cfg.ConfirmTarget)
	}
	if err != nil {
		return 0, err
	}
	rate, err := parseRate(*number)
	if err != nil {
		return 0, errors.Join(errNoRate, err)
	}
	return rate, nil
}

// fillPrevious adds to each coin the transaction that made it, and checks that
// it did.
func (a *Adapter) fillPrevious(ctx context.Context, coins []chain.Coin) error {
	for i := range coins {
		c := &coins[i]
		raw, err := a.previousTx(ctx, c.TxID)
		if err != nil {
			return fmt.Errorf("previous transaction of coin %s: %w", c.ID(), err)
		}
		if err := a.checkCoin(*c, raw); err != nil {
			return fmt.Errorf("coin %s: %w", c.ID(), err)
		}
		c.PreviousTx = raw
	}
	return nil
}

// checkCoin compares what we believe of a coin with the transaction that made it.
func (a *Adapter) checkCoin(c chain.Coin, previous []byte) error {
	tx, err := a.rules.DecodeTx(previous)
	if err != nil {
		return err
	}
	if uint64(c.Index) >= uint64(len(tx.TxOut)) {
		return errors.New("its transaction has fewer outputs")
	}
	out := tx.TxOut[c.Index]
	if out.Value < 0 || asset.NewUnits(uint64(out.Value)) != c.Units {
		return fmt.Errorf("it is worth %d base units, not %s", out.Value, c.Units)
	}
	script, err := a.rules.Script(c.Address)
	if err != nil {
		return err
	}
	if !bytes.Equal(script, out.PkScript) || !a.rules.Input.Holds(script) && !a.rules.siblings(script) {
		return fmt.Errorf("it does not pay its address by %s", a.rules.Input.Name)
	}
	return nil
}

// previousTx remembers some: transactions never change. It is written as Bitcoin
// writes transactions, which the signer reads on every chain of the family; nodes may
// write more (Litecoin's HogEx). What its id is made of is the same.
func (a *Adapter) previousTx(ctx context.Context, txid string) ([]byte, error) {
	a.mu.Lock()
	raw, ok := a.previous[txid]
	a.mu.Unlock()
	if ok {
		return raw, nil
	}
	tx, err := a.transaction(ctx, txid)
	if err != nil {
		return nil, err
	}
	var plain bytes.Buffer
	if err := tx.Serialize(&plain); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	raw = plain.Bytes()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.previous) >= maxPrevious {
		clear(a.previous)
	}
	a.previous[txid] = raw
	return raw, nil
}
