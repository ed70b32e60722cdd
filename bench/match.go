package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/hotwallet/watch"
)

const (
	// matchScripts addresses are watched, and matchCoins of them hold a coin.
	matchScripts = 1_000_000
	matchCoins   = 10_000
	// matchBytes is how large the block is at least; matchOurs of its outputs and as
	// many of its inputs are ours.
	matchBytes  = 4_000_000
	matchOurs   = 10
	matchPasses = 10
)

func init() {
	register(Row{
		Number: 9, Name: "block-match",
		What: fmt.Sprintf("a block of %d MB matched against %d scripts and %d coins; CPU, 4 is a quarter of the time to decode it", matchBytes/1_000_000, matchScripts, matchCoins),
		Unit: "blocks", Goal: 4, ByCPU: true, Prepare: prepareMatch,
	})
}

// matching is a block with all that is needed to decode and to match it.
type matching struct {
	env     *Env
	raw     []byte
	block   *utxo.Block
	txids   []chainhash.Hash
	adapter *utxo.Adapter
	set     *watch.Set
}

func prepareMatch(_ context.Context, env *Env) (*Trial, error) {
	m := &matching{env: env}
	var err error
	if m.adapter, err = bitcoin.New(utxo.Config{URL: "http://127.0.0.1:1", Networks: networks}); err != nil {
		return nil, err
	}
	m.set = watch.NewSetFor(m.adapter)
	if err := m.watch(); err != nil {
		return nil, err
	}
	if err := m.fill(); err != nil {
		return nil, err
	}
	return &Trial{Baseline: Side{Name: "decode", Run: m.decode}, Subject: Side{Name: "match", Run: m.match},
		Notes: func() []string {
			return []string{fmt.Sprintf("%d transactions, %d bytes", len(m.block.Transactions), len(m.raw))}
		}}, nil
}

// script is P2WPKH of a number: ours below matchScripts, a stranger's above.
func matchScript(n uint64) []byte {
	hash := chainhash.HashB(binary.BigEndian.AppendUint64(nil, n))
	return append([]byte{0, 20}, hash[:20]...)
}

// matchCoin is where a coin of ours is.
func matchCoin(n uint64) wire.OutPoint {
	return wire.OutPoint{Hash: chainhash.HashH(binary.BigEndian.AppendUint64([]byte("coin"), n)), Index: uint32(n % 3)}
}

func (m *matching) watch() error {
	address := utxo.Address(&chaincfg.SimNetParams)
	var batch []string
	for n := range uint64(matchScripts) {
		text, ok := address(matchScript(n))
		if !ok {
			return fmt.Errorf("script %d has no address", n)
		}
		if batch = append(batch, text); len(batch) == 10_000 {
			m.set.Add(batch...)
			batch = nil
		}
	}
	m.set.Add(batch...)
	coins := make([]string, 0, matchCoins)
	for n := range uint64(matchCoins) {
		at := matchCoin(n)
		coins = append(coins, chain.CoinID(at.Hash.String(), at.Index))
	}
	m.set.SetCoins(coins)
	return nil
}

// fill makes a block of payments as wallets make them: two inputs with witnesses, two
// outputs.
func (m *matching) fill() error {
	signature, key := bytes.Repeat([]byte{7}, 71), bytes.Repeat([]byte{2}, 33)
	msg := wire.NewMsgBlock(wire.NewBlockHeader(1, &chainhash.Hash{}, &chainhash.Hash{}, 0, 0))
	for n, size := uint64(0), 0; size < matchBytes; n++ {
		tx := wire.NewMsgTx(2)
		for i := range uint64(2) {
			from := wire.OutPoint{Hash: chainhash.HashH(binary.BigEndian.AppendUint64([]byte("stranger"), 2*n+i)), Index: uint32(i)}
			if i == 0 && n > 0 && n <= matchOurs {
				from = matchCoin(n * 31)
			}
			in := wire.NewTxIn(&from, nil, wire.TxWitness{signature, key})
			tx.AddTxIn(in)
			to := matchScripts + 2*n + i
			if i == 1 && n <= matchOurs && n > 0 {
				to = n * 977
			}
			tx.AddTxOut(wire.NewTxOut(int64(10_000+n), matchScript(to)))
		}
		if err := msg.AddTransaction(tx); err != nil {
			return err
		}
		m.txids = append(m.txids, tx.TxHash())
		size += tx.SerializeSize()
	}
	var buffer bytes.Buffer
	if err := msg.Serialize(&buffer); err != nil {
		return err
	}
	m.raw = buffer.Bytes()
	var err error
	m.block, err = utxo.DecodeBlock(m.raw)
	return err
}

func (m *matching) decode(ctx context.Context, _ int) (Sample, error) {
	passes := m.env.scale(matchPasses)
	return m.env.timed(ctx, passes, func(context.Context) error {
		for range passes {
			if _, err := utxo.DecodeBlock(m.raw); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *matching) match(ctx context.Context, _ int) (Sample, error) {
	passes := m.env.scale(matchPasses) * 10 // CPU time is read in steps of 10 ms
	return m.env.timed(ctx, passes, func(context.Context) error {
		for range passes {
			found := m.adapter.Match(m.block, m.txids, chain.Ref{}, m.set)
			if len(found.Credits) != matchOurs || len(found.Debits) != matchOurs {
				return fmt.Errorf("%d credits and %d debits found, want %d of each", len(found.Credits), len(found.Debits), matchOurs)
			}
		}
		return nil
	})
}
