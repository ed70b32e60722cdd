package ethereum

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

const gwei = 1_000_000_000

// Config says which node to ask and how to pay.
type Config struct {
	// URL is the node's RPC address, "http://127.0.0.1:8545". It may contain a
	// provider's key; it does not appear in errors.
	URL string
	// Networks names the chain id; a node of another one is refused.
	Networks asset.Networks
	// Timeout bounds each call to the node; 10 s if zero.
	Timeout time.Duration
	// Traces says what to do where the node shows no traces; TracesAuto if empty.
	Traces Traces
	// TraceTimeout bounds the trace of one block; 30 s if zero, which is as long as
	// geth takes for an answer.
	TraceTimeout time.Duration
	// TipFloor, TipCap and TipFallback are in wei per gas: the least and the most
	// Plan offers the proposer, and what it offers when the node suggests nothing.
	// If zero: 0.01, 5 and 1 gwei.
	TipFloor, TipCap, TipFallback uint64
	// FeeCapMax is the most Plan pays per gas in all, in wei; 500 gwei if zero.
	FeeCapMax uint64
	// GasMax bounds the gas of a payment to a contract; 100,000 if zero.
	GasMax uint64
	// TokenGasMax bounds the gas of a token's transfer; 200,000 if zero. Those that are
	// known take 30,000 to 100,000.
	TokenGasMax uint64
}

func (c Config) withDefaults() (Config, error) {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Traces == "" {
		c.Traces = TracesAuto
	}
	if c.TraceTimeout == 0 {
		c.TraceTimeout = 30 * time.Second
	}
	if c.TipFloor == 0 {
		c.TipFloor = gwei / 100
	}
	if c.TipCap == 0 {
		c.TipCap = 5 * gwei
	}
	if c.TipFallback == 0 {
		c.TipFallback = gwei
	}
	if c.FeeCapMax == 0 {
		c.FeeCapMax = 500 * gwei
	}
	if c.GasMax == 0 {
		c.GasMax = 100_000
	}
	if c.TokenGasMax == 0 {
		c.TokenGasMax = 200_000
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return c, errors.New("ethereum node's URL does not parse")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return c, errors.New("ethereum node's URL must be http://host:port or https://host")
	case c.Timeout < 0 || c.TraceTimeout < 0:
		return c, fmt.Errorf("ethereum timeout %s or trace timeout %s is negative", c.Timeout, c.TraceTimeout)
	case c.Traces != TracesAuto && c.Traces != TracesRequired && c.Traces != TracesOff:
		return c, fmt.Errorf("ethereum traces %.20q is not one of auto, required, off", c.Traces)
	case c.TipFallback < c.TipFloor || c.TipCap < c.TipFallback || c.FeeCapMax < c.TipCap:
		return c, fmt.Errorf("ethereum fees must be tip floor %d <= fallback %d <= tip cap %d <= fee cap %d",
			c.TipFloor, c.TipFallback, c.TipCap, c.FeeCapMax)
	case c.GasMax < transferGas || c.TokenGasMax < transferGas:
		return c, fmt.Errorf("ethereum gas limit %d or %d is below a transfer's %d", c.GasMax, c.TokenGasMax, transferGas)
	case c.Networks.EthereumChainID <= 0:
		return c, fmt.Errorf("ethereum chain id %d is not positive", c.Networks.EthereumChainID)
	}
	return c, nil
}

// Adapter implements chain.Adapter. It is safe for concurrent use.
type Adapter struct {
	cfg     Config
	node    *rpc.Client
	chainID *big.Int
	signer  types.Signer
	// checked is set once the node's chain id was seen to be ours.
	checked atomic.Bool
	// tokens are the contracts whose logs count; tokensChecked is set once the node was
	// seen to have them.
	tokens        pinned
	tokensChecked atomic.Bool
	tracing
}

var (
	_ chain.Adapter = (*Adapter)(nil)
	_ chain.Partial = (*Adapter)(nil)

	_ chain.Finalizing     = (*Adapter)(nil)
	_ chain.TransferReader = (*Adapter)(nil)
	_ chain.SentReader     = (*Adapter)(nil)
)

// New makes an adapter. It does not call the node yet.
func New(cfg Config) (*Adapter, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	// Over HTTP the context is for connecting only, and nothing is connected yet.
	node, err := rpc.DialOptions(context.Background(), cfg.URL, rpc.WithHTTPClient(boundedClient()))
	if err != nil {
		return nil, errors.New("ethereum node's URL is not usable")
	}
	id := big.NewInt(cfg.Networks.EthereumChainID)
	return &Adapter{cfg: cfg, node: node, chainID: id, signer: types.LatestSignerForChainID(id),
		tokens: pinnedBy(cfg.Networks), tracing: newTracing(cfg.Traces)}, nil
}

// Chain implements chain.Reader.
func (a *Adapter) Chain() asset.Chain { return asset.Ethereum }

// MinOutput implements chain.Payer: Ethereum has no dust limit.
func (a *Adapter) MinOutput() asset.Units { return asset.NewUnits(1) }

// call asks the node once, after having checked that it is on our chain.
func (a *Adapter) call(ctx context.Context, out any, method string, params ...any) error {
	return a.callWithin(ctx, a.cfg.Timeout, out, method, params...)
}

func (a *Adapter) callWithin(ctx context.Context, limit time.Duration, out any, method string, params ...any) error {
	if !a.checked.Load() {
		var id hexutil.Big
		if err := a.ask(ctx, a.cfg.Timeout, &id, "eth_chainId"); err != nil {
			return err
		}
		if id.ToInt().Cmp(a.chainID) != 0 {
			return fmt.Errorf("the node is on chain %s, not on %s", id.ToInt(), a.chainID)
		}
		a.checked.Store(true)
	}
	return a.ask(ctx, limit, out, method, params...)
}

func (a *Adapter) ask(ctx context.Context, limit time.Duration, out any, method string, params ...any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := a.node.CallContext(ctx, out, method, params...); err != nil {
		return fmt.Errorf("%s: %w", method, withoutURL(err))
	}
	return nil
}
