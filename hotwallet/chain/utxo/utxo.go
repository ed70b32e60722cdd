package bitcoin

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Config says which node to ask and how to pay.
type Config struct {
	// URL is the node's RPC address, "http://127.0.0.1:8334", without credentials.
	URL string
	// User and Pass are sent by HTTP basic authentication.
	User, Pass string
	// Networks names the network; a node of another one is refused.
	Networks asset.Networks
	// Timeout bounds each call to the node; 10 s if zero.
	Timeout time.Duration
	// FeeFloor, FeeCap and FeeFallback are in sat per 1000 vbytes: the least and
	// the most Plan pays, and what it pays when the node has no estimate. If zero:
	// 1000 (the relay minimum), 200000 and 5000.
	FeeFloor, FeeCap, FeeFallback uint64
	// ConfirmTarget is the number of blocks within which payments should be mined,
	// asked of the node's estimate; 3 if zero.
	ConfirmTarget int
}

func (c Config) withDefaults() (Config, error) {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.FeeFloor == 0 {
		c.FeeFloor = 1000
	}
	if c.FeeCap == 0 {
		c.FeeCap = 200_000
	}
	if c.FeeFallback == 0 {
		c.FeeFallback = 5000
	}
	if c.ConfirmTarget == 0 {
		c.ConfirmTarget = 3
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return c, errors.New("bitcoin node's URL does not parse")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return c, errors.New("bitcoin node's URL must be http://host:port or https://host:port")
	case u.User != nil:
		return c, errors.New("bitcoin node's URL must not contain credentials: set user and password")
	case c.Timeout < 0:
		return c, fmt.Errorf("bitcoin timeout %s is negative", c.Timeout)
	case c.FeeFallback < c.FeeFloor || c.FeeCap < c.FeeFallback:
		return c, fmt.Errorf("bitcoin fee rates must be floor %d <= fallback %d <= cap %d",
			c.FeeFloor, c.FeeFallback, c.FeeCap)
	case c.ConfirmTarget < 1 || c.ConfirmTarget > 1008:
		return c, fmt.Errorf("bitcoin confirmation target %d is not within 1 to 1008", c.ConfirmTarget)
	}
	return c, nil
}

// Adapter implements chain.Adapter. It is safe for concurrent use.
type Adapter struct {
	cfg    Config
	params *chaincfg.Params
	node   client
	// checked is set once the node's genesis block was seen to be the network's.
	checked atomic.Bool

	mu       sync.Mutex
	sighted  map[string][]payment // mempool transactions by txid, what they pay
	previous map[string][]byte    // raw transactions by txid
}

var _ chain.Adapter = (*Adapter)(nil)

// New makes an adapter. It does not call the node yet.
func New(cfg Config) (*Adapter, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	params, err := cfg.Networks.BitcoinParams()
	if err != nil {
		return nil, err
	}
	return &Adapter{
		cfg: cfg, params: params, node: newClient(cfg),
		sighted: map[string][]payment{}, previous: map[string][]byte{},
	}, nil
}

// Chain implements chain.Reader.
func (a *Adapter) Chain() asset.Chain { return asset.Bitcoin }

// dustLimit is Bitcoin Core's dust threshold for a P2PKH output at its default
// dust relay fee of 3000 sat/kvB (policy.cpp, GetDustThreshold): the highest of
// all standard forms, so no node that keeps the default refuses it.
const dustLimit = 546

// MinOutput implements chain.Payer.
func (a *Adapter) MinOutput() asset.Units { return asset.NewUnits(dustLimit) }
