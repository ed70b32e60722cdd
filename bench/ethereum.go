package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/deploy/parts"
)

const (
	// etherBlocks are read etherPasses times a round; each has etherTransfers
	// transactions, every second of them through a contract.
	etherBlocks    = 24
	etherPasses    = 2
	etherTransfers = 150
	etherFillLimit = 3 * time.Minute
	etherStopLimit = 20 * time.Second
)

// forwarder pays what it is given to the address in its call data.
const forwarder = "0x600d600c600039600d6000f3" + "5f5f5f5f345f3560601c5af100"

func init() {
	register(Row{
		Number: 9, Name: "ethereum-blocks",
		What: fmt.Sprintf("blocks of geth with %d transfers, half of them by contracts, read one after the other with traces, checked and matched", etherTransfers),
		Unit: "blocks", Goal: 0.5, Rounds: 3, Prepare: prepareEthereum,
	})
}

// ethereumChain is a geth with a range of full blocks.
type ethereumChain struct {
	env      *Env
	node     *rpc.Client
	url      string
	from, to int64
	// sent counts transactions, and so gives the next nonce.
	sent uint64
}

func prepareEthereum(ctx context.Context, env *Env) (*Trial, error) {
	bin, err := filepath.Abs(".ferry/bin")
	if err != nil {
		return nil, err
	}
	if set := os.Getenv("FERRY_BIN"); set != "" {
		bin = set
	}
	geth, err := parts.StartGeth(ctx, parts.GethConfig{Path: filepath.Join(bin, "geth"),
		Dir: filepath.Join(env.Dir, "geth"), LogFile: filepath.Join(env.Dir, "geth.log")})
	if err != nil {
		return nil, fmt.Errorf("geth, which `make bench` builds: %w", err)
	}
	stop := func() error {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), etherStopLimit)
		defer cancel()
		return geth.Stop(stopping)
	}
	c := &ethereumChain{env: env, url: geth.HTTPURL()}
	if c.node, err = rpc.DialContext(ctx, c.url); err == nil {
		err = c.fill(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	subject, err := c.adapter(true)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &Trial{
		Baseline: Side{Name: "fetch and decode", Run: c.passes(c.fetch)},
		Subject:  Side{Name: "adapter", Run: c.passes(subject)},
		Notes:    func() []string { return c.notes(ctx) },
		Close: func() error {
			c.node.Close()
			return stop()
		},
	}, nil
}

// fill sends transfers, so many that blocks of a second have their share, until there
// are blocks enough.
func (c *ethereumChain) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, etherFillLimit)
	defer cancel()
	contract := crypto.CreateAddress(common.HexToAddress(parts.GethDeveloperAddress), 0)
	if err := c.send(ctx, []map[string]any{{"data": forwarder, "gas": hexutil.Uint64(200_000)}}); err != nil {
		return err
	}
	height, err := c.next(ctx, 0)
	if err != nil {
		return err
	}
	c.from, c.to = height+1, height+int64(c.env.scale(etherBlocks))
	for n := uint64(0); height < c.to; n++ {
		var txs []map[string]any
		for i := range uint64(etherTransfers) {
			to := common.BytesToAddress(crypto.Keccak256(binary.BigEndian.AppendUint64(nil, n*etherTransfers+i)))
			tx := map[string]any{"to": to, "value": "0x1", "gas": hexutil.Uint64(100_000)}
			if i%2 == 1 {
				tx["to"], tx["data"] = contract, hexutil.Bytes(to[:])
			}
			txs = append(txs, tx)
		}
		if err := c.send(ctx, txs); err != nil {
			return err
		}
		if height, err = c.next(ctx, height); err != nil {
			return err
		}
	}
	return nil
}

func (c *ethereumChain) send(ctx context.Context, txs []map[string]any) error {
	batch := make([]rpc.BatchElem, len(txs))
	for i, tx := range txs {
		tx["from"], tx["nonce"] = parts.GethDeveloperAddress, hexutil.Uint64(c.sent)
		c.sent++
		batch[i] = rpc.BatchElem{Method: "eth_sendTransaction", Args: []any{tx}, Result: new(common.Hash)}
	}
	if err := c.node.BatchCallContext(ctx, batch); err != nil {
		return fmt.Errorf("send transfers: %w", err)
	}
	for _, e := range batch {
		if e.Error != nil {
			return fmt.Errorf("send a transfer: %w", e.Error)
		}
	}
	return nil
}

// next waits for a block above a height.
func (c *ethereumChain) next(ctx context.Context, above int64) (int64, error) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		var height hexutil.Uint64
		if err := c.node.CallContext(ctx, &height, "eth_blockNumber"); err != nil {
			return 0, fmt.Errorf("wait for a block: %w", err)
		}
		if int64(height) > above {
			return int64(height), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for a block above %d: %w", above, ctx.Err())
		case <-look.C:
		}
	}
}
