package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
)

// Config is what a gateway is told.
type Config struct {
	Networks asset.Networks
	// Rules are what deposits need, for people: the hot wallet decides. See
	// Gateway.SetRules.
	Rules swap.DepositRules
	// QuoteKeys and AttestKeys are the only keys whose quotes and receipts count.
	// A key that was replaced stays: stored swaps are verified whenever shown.
	QuoteKeys, AttestKeys swap.PublicKeys
	// SecretKey derives swaps' secrets: 32 random bytes, the same for every
	// process of a deployment and for ever.
	SecretKey []byte
	Limits    Limits
	// Instance names this process within its consumer group, the same after a
	// restart and never used twice at once; empty for a name of the moment.
	Instance string
	// Streams bound connections that stay open.
	Streams stream.Limits
	// ShowRecent lets everybody watch the newest swaps on the page and the stream,
	// without identifiers and addresses but with amounts and times, by which a swap
	// can be found on its chains. For demonstrations.
	ShowRecent bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Observer hears how requests ended.
	Observer Observer
}

// Limits bound what clients can make the gateway do.
type Limits struct {
	// PostsPerMinute is each client's rate of POST requests in the long run,
	// PostBurst how many it may send at once.
	PostsPerMinute, PostBurst int
	// Clients is how many clients' rates are remembered at a time.
	Clients int
	// Concurrent is how many requests are worked on at a time.
	Concurrent int
	// RateAge is how old a price may be to be shown.
	RateAge time.Duration
}

// DefaultLimits suit one process on a small machine.
func DefaultLimits() Limits {
	return Limits{PostsPerMinute: 120, PostBurst: 30, Clients: 10_000, Concurrent: 256, RateAge: 30 * time.Second}
}

const secretKeySize = 32

// Validate reports a setting that is missing or out of range.
func (c Config) Validate() error {
	if err := c.Networks.Validate(); err != nil {
		return fmt.Errorf("gateway: networks: %w", err)
	}
	if err := checkRules(c.Networks, c.Rules); err != nil {
		return err
	}
	l := c.Limits
	switch {
	case len(c.QuoteKeys) == 0 || len(c.AttestKeys) == 0:
		return errors.New("gateway: the public keys that sign quotes and receipts must be set")
	case len(c.SecretKey) != secretKeySize:
		return fmt.Errorf("gateway: the secret key must be %d bytes, not %d", secretKeySize, len(c.SecretKey))
	case l.PostsPerMinute < 1 || l.PostBurst < 1 || l.Clients < 1 || l.Concurrent < 1 || l.RateAge <= 0:
		return errors.New("gateway: every limit must be positive; start from DefaultLimits")
	case c.Log == nil:
		return errors.New("gateway: a logger must be set")
	}
	return c.Streams.Validate()
}

// checkRules reports rules that are wrong, or lack a chain.
func checkRules(n asset.Networks, rules swap.DepositRules) error {
	if err := rules.Validate(); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	for _, chain := range n.Chains() {
		if rules.Confirmations[chain] < 1 {
			return fmt.Errorf("gateway: confirmations of %s must be set, to 1 or more", chain)
		}
	}
	return nil
}
