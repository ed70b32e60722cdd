package bitcoin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

const (
	maxSat = 21_000_000 * 100_000_000
	// replaceable signals BIP125, and no BIP68 lock: bit 31 is set.
	replaceable = 0xfffffffd
	// inputWeight is BIP141's weight of an input that spends P2WPKH: 41 bytes
	// (outpoint, empty script, sequence) count four times; the witness once: its
	// count, a signature of at most 72 bytes (DER with low S, and the hash type) and
	// a public key of 33, each with its length.
	inputWeight = 4*41 + 1 + 1 + 72 + 1 + 33
	// maxPrevious bounds the previous transactions remembered.
	maxPrevious = 1000
)

// Plan implements chain.Payer. All coins must be P2WPKH. The payment is output
// 0, change output 1; change below the dust limit goes to the fee.
func (a *Adapter) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	if r.Asset != asset.BTC {
		return chain.Plan{}, fmt.Errorf("%s is no asset of bitcoin", r.Asset)
	}
	amount, ok := r.Units.Uint64()
	if !ok || amount < dustLimit || amount > maxSat {
		return chain.Plan{}, fmt.Errorf("amount %s sat is not within %d to %d", r.Units, dustLimit, uint64(maxSat))
	}
	pay, err := a.script(r.Destination)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("destination: %w", err)
	}
	back, err := a.script(f.ChangeAddress)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("change address: %w", err)
	}
	if err := a.checkNetwork(ctx); err != nil {
		return chain.Plan{}, err
	}
	rate := a.feeRate(ctx)
	picked, err := selectCoins(f, fee(rate, inputWeight), func(inputs int) uint64 {
		return amount + fee(rate, weight(inputs, pay))
	})
	if err != nil {
		return chain.Plan{}, fmt.Errorf("pay %d sat at %d sat/kvB: %w", amount, rate, err)
	}
	p := chain.Plan{Coins: picked.coins, ChangeIndex: -1}
	outputs := []*wire.TxOut{wire.NewTxOut(int64(amount), pay)}
	cost := picked.sat - amount
	if withChange := fee(rate, weight(len(picked.coins), pay, back)); cost >= withChange+dustLimit {
		outputs = append(outputs, wire.NewTxOut(int64(cost-withChange), back))
		cost, p.ChangeIndex, p.ChangePath = withChange, 1, f.ChangePath
	}
	p.Fee = asset.NewUnits(cost)
	if r.FeeMax.Less(p.Fee) {
		return chain.Plan{}, fmt.Errorf("fee %d sat of at most %s: %w", cost, r.FeeMax, chain.ErrFeeMax)
	}
	if err := a.fillPrevious(ctx, p.Coins); err != nil {
		return chain.Plan{}, err
	}
	p.Unsigned, err = unsigned(p.Coins, outputs)
	return p, err
}

func unsigned(coins []chain.Coin, outputs []*wire.TxOut) ([]byte, error) {
	tx := wire.NewMsgTx(2)
	for _, c := range coins {
		hash, err := chainhash.NewHashFromStr(c.TxID)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", c.ID(), err)
		}
		in := wire.NewTxIn(wire.NewOutPoint(hash, c.Index), nil, nil)
		in.Sequence = replaceable
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

// script is the output script of an address, in any spelling that parses.
func (a *Adapter) script(text string) ([]byte, error) {
	canonical, err := a.cfg.Networks.ParseAddress(asset.Bitcoin, text)
	if err != nil {
		return nil, err
	}
	decoded, err := address.DecodeAddress(canonical, a.params)
	if err != nil {
		return nil, err
	}
	return txscript.PayToAddrScript(decoded)
}

// weight is BIP141's weight of a signed transaction.
func weight(inputs int, scripts ...[]byte) uint64 {
	base := 4 + wire.VarIntSerializeSize(uint64(inputs)) + wire.VarIntSerializeSize(uint64(len(scripts))) + 4
	for _, s := range scripts {
		base += 8 + wire.VarIntSerializeSize(uint64(len(s))) + len(s)
	}
	return uint64(4*base + 2 + inputs*inputWeight) // 2: the marker and flag bytes
}

// fee of a weight at a rate in sat per 1000 vbytes, rounded up twice: to whole
// vbytes as nodes do, and to whole satoshis.
func fee(rate, weight uint64) uint64 {
	return ((weight+3)/4*rate + 999) / 1000
}

// feeRate asks the node, in sat per 1000 vbytes. No answer is no error: nodes
// learn only from what was mined before them.
func (a *Adapter) feeRate(ctx context.Context) uint64 {
	rate, err := a.estimate(ctx)
	if err != nil {
		rate = a.cfg.FeeFallback
	}
	return min(max(rate, a.cfg.FeeFloor), a.cfg.FeeCap)
}

// estimate asks Bitcoin Core's call first, then btcd's. Both answer in BTC/kvB.
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
	tx, err := decodeTx(previous)
	if err != nil {
		return err
	}
	if uint64(c.Index) >= uint64(len(tx.TxOut)) {
		return errors.New("its transaction has fewer outputs")
	}
	out := tx.TxOut[c.Index]
	if out.Value < 0 || asset.NewUnits(uint64(out.Value)) != c.Units {
		return fmt.Errorf("it is worth %d sat, not %s", out.Value, c.Units)
	}
	script, err := a.script(c.Address)
	if err != nil {
		return err
	}
	if !bytes.Equal(script, out.PkScript) || !txscript.IsPayToWitnessPubKeyHash(script) {
		return errors.New("it does not pay its address by P2WPKH")
	}
	return nil
}

// previousTx remembers some: transactions never change.
func (a *Adapter) previousTx(ctx context.Context, txid string) ([]byte, error) {
	a.mu.Lock()
	raw, ok := a.previous[txid]
	a.mu.Unlock()
	if ok {
		return raw, nil
	}
	raw, _, err := a.transaction(ctx, txid)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.previous) >= maxPrevious {
		clear(a.previous)
	}
	a.previous[txid] = raw
	return raw, nil
}
