package utxo

import (
	"errors"
	"fmt"
	"net/url"
	"time"

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
	// FeeFloor, FeeCap and FeeFallback are in base units per 1000 vbytes (bytes, where
	// there are no witnesses): the least and the most Plan pays, and what it pays when
	// the node has no estimate. If zero: 1000 (the relay minimum), 200000 and 5000.
	FeeFloor, FeeCap, FeeFallback uint64
	// FeeUsual is the rate at which coins are spent in the long run, in the same unit:
	// below it payments take more coins than they need to, and above it fewer. 10000 if
	// zero, as in Bitcoin Core (consolidatefeerate).
	FeeUsual uint64
	// ConfirmTarget is the number of blocks within which payments should be mined,
	// asked of the node's estimate; 3 if zero.
	ConfirmTarget int
	// Quarantined, if set, is told of each output to an address of ours that is not
	// credited because it carries tokens, whenever its block is read. It must not block.
	Quarantined func(Quarantined)
}

// Quarantined is an output that pays an address of ours together with something else.
type Quarantined struct {
	Block   chain.Ref
	TxID    string
	Index   uint32
	Address string
	Units   asset.Units
}

func (c Config) withDefaults(name asset.Chain) (Config, error) {
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
	if c.FeeUsual == 0 {
		c.FeeUsual = 10_000
	}
	if c.ConfirmTarget == 0 {
		c.ConfirmTarget = 3
	}
	if c.Quarantined == nil {
		c.Quarantined = func(Quarantined) {}
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return errors.New("the node's URL does not parse")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("the node's URL must be http://host:port or https://host:port")
	case u.User != nil:
		return errors.New("the node's URL must not contain credentials: set user and password")
	case c.Timeout < 0:
		return fmt.Errorf("timeout %s is negative", c.Timeout)
	case c.FeeFallback < c.FeeFloor || c.FeeCap < c.FeeFallback:
		return fmt.Errorf("fee rates must be floor %d <= fallback %d <= cap %d", c.FeeFloor, c.FeeFallback, c.FeeCap)
	case c.ConfirmTarget < 1 || c.ConfirmTarget > 1008:
		return fmt.Errorf("confirmation target %d is not within 1 to 1008", c.ConfirmTarget)
	}
	return nil
}
