package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	demo "ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/parts"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
)

const (
	// bitcoinBlocks are read bitcoinPasses times a round, each with bitcoinTransfers
	// transactions of one input and two outputs.
	bitcoinBlocks    = 12
	bitcoinTransfers = 400
	bitcoinPasses    = 8
	bitcoinFillLimit = 3 * time.Minute
	// fanOut is how many coins one transaction makes.
	fanOut = 200
)

func init() {
	register(Row{
		Number: 9, Name: "bitcoin-blocks",
		What: fmt.Sprintf("blocks of btcd with %d transfers, read one after the other, checked and matched", bitcoinTransfers),
		Unit: "blocks", Goal: 0.5, Rounds: 3, Prepare: prepareBitcoin,
	})
}

// bitcoinChain is a btcd with a range of full blocks.
type bitcoinChain struct {
	env       *Env
	config    demo.NodeConfig
	client    *http.Client
	node      *demo.Node
	faucet    *faucet.Bitcoin
	from, to  int64
	key       demo.Key
	strangers demo.Key
}

func prepareBitcoin(ctx context.Context, env *Env) (*Trial, error) {
	config, stop, err := startBtcd(ctx, env, "btcd")
	if err != nil {
		return nil, err
	}
	c := &bitcoinChain{env: env, client: &http.Client{Timeout: time.Minute}, config: config}
	subject, err := c.prepare(ctx)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &Trial{Baseline: Side{Name: "fetch and decode", Run: c.passes(c.fetch)}, Subject: Side{Name: "adapter", Run: c.passes(subject)},
		Close: stop}, nil
}

// startBtcd runs a btcd of the row's own, which mines for the faucet.
func startBtcd(ctx context.Context, env *Env, name string) (config demo.NodeConfig, stop func() error, err error) {
	bin, err := builtPrograms()
	if err != nil {
		return config, nil, err
	}
	mining, err := faucet.BitcoinMiningAddress(networks)
	if err != nil {
		return config, nil, err
	}
	btcd, err := parts.StartBtcd(ctx, parts.BtcdConfig{Path: filepath.Join(bin, "btcd"),
		Dir: filepath.Join(env.Dir, name), LogFile: filepath.Join(env.Dir, name+".log"), MiningAddress: mining})
	if err != nil {
		return config, nil, fmt.Errorf("btcd, which `make bench` builds: %w", err)
	}
	return demo.NodeConfig{URL: "http://" + btcd.RPCAddress(), User: btcd.RPCUser(), Password: btcd.RPCPassword()}, func() error {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), etherStopLimit)
		defer cancel()
		return btcd.Stop(stopping)
	}, nil
}

// builtPrograms is where the nodes are.
func builtPrograms() (string, error) {
	if set := os.Getenv("FERRY_BIN"); set != "" {
		return set, nil
	}
	return filepath.Abs(".ferry/bin")
}

// prepare fills the chain and makes what reads it.
func (c *bitcoinChain) prepare(ctx context.Context) (read func(context.Context, int64) error, err error) {
	ctx, cancel := context.WithTimeout(ctx, bitcoinFillLimit)
	defer cancel()
	if c.node, err = demo.NewNode(c.config); err != nil {
		return nil, err
	}
	if c.faucet, err = faucet.NewBitcoin(c.config, networks); err != nil {
		return nil, err
	}
	if c.key, err = demo.NewKey(networks); err != nil {
		return nil, err
	}
	if c.strangers, err = demo.NewKey(networks); err != nil {
		return nil, err
	}
	if err := c.faucet.Mature(ctx, nil); err != nil {
		return nil, err
	}
	if err := c.fill(ctx); err != nil {
		return nil, err
	}
	a, err := bitcoin.New(utxo.Config{URL: c.config.URL, User: c.config.User, Pass: c.config.Password, Networks: networks})
	if err != nil {
		return nil, err
	}
	nobody := watch.NewSetFor(a)
	return func(ctx context.Context, height int64) error {
		ref, err := a.RefAt(ctx, height)
		if err != nil {
			return err
		}
		_, err = a.Block(ctx, ref, nobody)
		return err
	}, nil
}

// fill makes coins, and then blocks in which each of them is paid on to a stranger
// with change.
func (c *bitcoinChain) fill(ctx context.Context) error {
	blocks := c.env.scale(bitcoinBlocks)
	const sat = 50_000
	var outputs []faucet.Output
	for range fanOut {
		outputs = append(outputs, faucet.Output{Address: c.key.Address(), Units: asset.NewUnits(sat)})
	}
	for range (blocks*bitcoinTransfers + fanOut - 1) / fanOut {
		if _, err := c.faucet.Pay(ctx, outputs); err != nil {
			return err
		}
	}
	if err := c.faucet.Mine(ctx, 1); err != nil {
		return err
	}
	height, err := c.node.Height(ctx)
	if err != nil {
		return err
	}
	coins, err := c.made(ctx, height)
	if err != nil {
		return err
	}
	c.from, c.to = height+1, height+int64(blocks)
	for range blocks {
		for range bitcoinTransfers {
			coin := coins[0]
			coins = coins[1:]
			tx, err := demo.Spend([]demo.Coin{coin}, []*wire.TxOut{wire.NewTxOut(20_000, c.strangers.Script())}, c.key.Script())
			if err != nil {
				return err
			}
			if _, err := c.node.Send(ctx, tx); err != nil {
				return err
			}
		}
		if err := c.faucet.Mine(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

// made lists the key's coins of a block.
func (c *bitcoinChain) made(ctx context.Context, height int64) ([]demo.Coin, error) {
	block, err := c.node.Block(ctx, height)
	if err != nil {
		return nil, err
	}
	var coins []demo.Coin
	for _, tx := range block.Transactions {
		id := tx.TxHash()
		for i, out := range tx.TxOut {
			if bytes.Equal(out.PkScript, c.key.Script()) {
				coins = append(coins, demo.Coin{At: wire.OutPoint{Hash: id, Index: uint32(i)}, Sat: out.Value, Key: c.key})
			}
		}
	}
	if need := c.env.scale(bitcoinBlocks) * bitcoinTransfers; len(coins) < need {
		return nil, fmt.Errorf("block %d makes %d coins, %d are needed", height, len(coins), need)
	}
	return coins, nil
}

func (c *bitcoinChain) passes(read func(context.Context, int64) error) func(context.Context, int) (Sample, error) {
	return func(ctx context.Context, _ int) (Sample, error) {
		return c.env.timed(ctx, int(c.to-c.from+1)*bitcoinPasses, func(ctx context.Context) error {
			for range bitcoinPasses {
				for height := c.from; height <= c.to; height++ {
					if err := read(ctx, height); err != nil {
						return fmt.Errorf("block %d: %w", height, err)
					}
				}
			}
			return nil
		})
	}
}

// fetch is the bare loop: hash by height, raw block by hash, decoded and believed.
func (c *bitcoinChain) fetch(ctx context.Context, height int64) error {
	var hash, text string
	if err := c.call(ctx, &hash, "getblockhash", height); err != nil {
		return err
	}
	if err := c.call(ctx, &text, "getblock", hash, 0); err != nil {
		return err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	_, err = utxo.DecodeBlock(raw)
	return err
}

func (c *bitcoinChain) call(ctx context.Context, into any, method string, params ...any) (err error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.config.User, c.config.Password)
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if len(answer.Error) > 0 && string(answer.Error) != "null" {
		return fmt.Errorf("%s: %.200s", method, answer.Error)
	}
	return json.Unmarshal(answer.Result, into)
}
