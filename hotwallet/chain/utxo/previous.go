package utxo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

const (
	// maxPrevious bounds the previous transactions remembered.
	maxPrevious = 1000
	// previousBytes bounds the previous transactions of one plan together, in bytes: a
	// request to the signer has them all, one for each input, beside what says who is paid
	// (rpc.MaxBody).
	previousBytes = 3 << 20
	// choicesMost bounds how often coins are chosen for one plan, each time without those
	// whose previous transactions were too large together.
	choicesMost = 20
)

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

// tooLarge are the coins to do without so that the previous transactions fit: of those
// that need not be spent, the ones made by the largest. Strangers decide how large the
// transactions are that pay us.
func tooLarge(coins []chain.Coin, must int) (leave map[string]bool, err error) {
	sum := 0
	for _, c := range coins {
		sum += len(c.PreviousTx)
	}
	others := slices.Clone(coins[must:])
	slices.SortStableFunc(others, func(x, y chain.Coin) int { return cmp.Compare(len(y.PreviousTx), len(x.PreviousTx)) })
	leave = map[string]bool{}
	for _, c := range others {
		if sum <= previousBytes {
			break
		}
		leave[c.ID()] = true
		sum -= len(c.PreviousTx)
	}
	if sum > previousBytes {
		return nil, fmt.Errorf("the coins that must be spent were made by transactions of %d bytes together, at most %d are handed to the signer", sum, previousBytes)
	}
	return leave, nil
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
// write more (Litecoin's HogEx). Witnesses are left out: its id does not depend on them, and
// a stranger's may be as large as a block.
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
	if err := tx.SerializeNoWitness(&plain); err != nil {
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
