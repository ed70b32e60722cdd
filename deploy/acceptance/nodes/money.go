package nodes

import (
	"bytes"
	"context"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/sync/errgroup"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/swap/asset"
)

// purseSat is what a user of bitcoin has: enough for ten times any amount.
const purseSat = 100_000_000

// fill gives the user a confirmed coin, once.
func (w *world) fill(ctx context.Context) (err error) {
	if len(w.purse) > 0 {
		return nil
	}
	if w.key, err = bitcoin.NewKey(w.deploy.Networks); err != nil {
		return err
	}
	if _, err := w.coins.Pay(ctx, []faucet.Output{{Address: w.key.Address(), Units: asset.NewUnits(purseSat)}}); err != nil {
		return err
	}
	return w.Await(ctx, "the user's coin to be confirmed", func() (bool, string, error) {
		coins, err := w.node.Coins(ctx, w.key)
		if err == nil && len(coins) == 1 && coins[0].Depth > 0 {
			w.purse = coins
		}
		return len(w.purse) > 0, fmt.Sprintf("%d coins", len(coins)), err
	})
}

// Pay implements scenario.Money.
func (w *world) Pay(ctx context.Context, on asset.Chain, outputs []scenario.Output) ([]scenario.Tx, error) {
	if on == asset.Bitcoin {
		tx, err := w.spend(ctx, w.purse, outputs)
		return []scenario.Tx{tx}, err
	}
	txs := make([]scenario.Tx, len(outputs))
	together, ctx := errgroup.WithContext(ctx)
	for i, o := range outputs {
		together.Go(func() error {
			id, err := w.ether.Pay(ctx, o.Address, o.Units)
			if err != nil {
				return err
			}
			sent, _, err := w.geth.TransactionByHash(ctx, common.HexToHash(id))
			if err != nil {
				return fmt.Errorf("read deposit %s: %w", id, err)
			}
			raw, err := sent.MarshalBinary()
			txs[i] = scenario.Tx{Chain: on, ID: id, Raw: raw}
			return err
		})
	}
	return txs, together.Wait()
}

// spend pays from the user's coins, which are one after it: the change.
func (w *world) spend(ctx context.Context, coins []bitcoin.Coin, outputs []scenario.Output) (scenario.Tx, error) {
	outs := make([]*wire.TxOut, 0, len(outputs)+1)
	for _, o := range outputs {
		out, err := bitcoin.Output(w.deploy.Networks, o.Address, o.Units)
		if err != nil {
			return scenario.Tx{}, err
		}
		outs = append(outs, out)
	}
	tx, err := bitcoin.Spend(coins, outs, w.key.Script())
	if err != nil {
		return scenario.Tx{}, err
	}
	id, err := w.node.Send(ctx, tx)
	if err != nil {
		return scenario.Tx{}, err
	}
	w.spent[id] = coins
	w.purse = nil
	if last := len(tx.TxOut) - 1; last >= len(outs) {
		w.purse = []bitcoin.Coin{{At: wire.OutPoint{Hash: tx.TxHash(), Index: uint32(last)}, Sat: tx.TxOut[last].Value, Key: w.key}}
	}
	var raw bytes.Buffer
	err = tx.Serialize(&raw)
	return scenario.Tx{Chain: asset.Bitcoin, ID: id, Raw: raw.Bytes()}, err
}

// Replace implements scenario.Money. btcd replaces nothing that does not signal it, so
// the node forgets the transaction first, as nodes elsewhere never heard of it.
func (w *world) Replace(ctx context.Context, tx scenario.Tx, outputs []scenario.Output) (scenario.Tx, error) {
	if tx.Chain != asset.Bitcoin {
		return scenario.Tx{}, scenario.Cannot("geth --dev has mined it within a second")
	}
	if err := w.Forget(ctx, tx.Chain); err != nil {
		return scenario.Tx{}, err
	}
	return w.spend(ctx, w.spent[tx.ID], outputs)
}

// Resend implements scenario.Money.
func (w *world) Resend(ctx context.Context, tx scenario.Tx) error {
	if tx.Chain == asset.Bitcoin {
		decoded := new(wire.MsgTx)
		if err := decoded.Deserialize(bytes.NewReader(tx.Raw)); err != nil {
			return fmt.Errorf("read transaction %s: %w", tx.ID, err)
		}
		_, err := w.node.Send(ctx, decoded)
		return err
	}
	decoded := new(types.Transaction)
	if err := decoded.UnmarshalBinary(tx.Raw); err != nil {
		return fmt.Errorf("read transaction %s: %w", tx.ID, err)
	}
	return w.geth.SendTransaction(ctx, decoded)
}

// Confirmations implements scenario.Money.
func (w *world) Confirmations(ctx context.Context, tx scenario.Tx) (int64, error) {
	if tx.Chain == asset.Bitcoin {
		have, _, err := w.node.Confirmations(ctx, tx.ID)
		return have, err
	}
	receipt, err := w.geth.TransactionReceipt(ctx, common.HexToHash(tx.ID))
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", tx.ID, err)
	}
	tip, err := w.geth.BlockNumber(ctx)
	return int64(tip) - receipt.BlockNumber.Int64() + 1, err
}

// Received implements scenario.Money.
func (w *world) Received(ctx context.Context, on asset.Chain, address string) (asset.Units, error) {
	if on == asset.Ethereum {
		wei, err := w.geth.BalanceAt(ctx, common.HexToAddress(address), nil)
		if err != nil {
			return asset.Units{}, fmt.Errorf("ask geth: %w", err)
		}
		return asset.UnitsFromBig(wei)
	}
	w.mu.Lock()
	key, known := w.keys[address]
	w.mu.Unlock()
	if !known {
		return asset.Units{}, fmt.Errorf("%s is no address of a user", address)
	}
	sat, err := w.node.Received(ctx, key)
	return asset.NewUnits(uint64(sat)), err
}

// NewAddress implements scenario.Money.
func (w *world) NewAddress(_ context.Context, on asset.Chain) (string, error) {
	if on == asset.Ethereum {
		key, err := crypto.GenerateKey()
		if err != nil {
			return "", fmt.Errorf("make an address: %w", err)
		}
		return crypto.PubkeyToAddress(key.PublicKey).Hex(), nil
	}
	key, err := bitcoin.NewKey(w.deploy.Networks)
	if err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys[key.Address()] = key
	return key.Address(), nil
}

// Dust implements scenario.Money.
func (w *world) Dust(_ context.Context, on asset.Chain) (asset.Units, error) {
	amounts, err := w.deploy.Amounts(on)
	return amounts.DustThreshold, err
}

// PayElsewhere implements scenario.Money.
func (w *world) PayElsewhere(context.Context, scenario.Created) error {
	return scenario.Cannot("no two chains that run here have addresses of one form")
}

// strayToken is what comes where ether was asked for.
const strayToken = asset.USDC

// PayTokens implements scenario.Money.
func (w *world) PayTokens(ctx context.Context, address string) error {
	if _, pinned := w.deploy.Networks.Contract(strayToken); !pinned {
		return scenario.Cannot("this cluster has no tokens")
	}
	_, err := w.ether.PayToken(ctx, address, asset.Amount{Asset: strayToken, Units: asset.NewUnits(25_000_000)})
	return err
}
