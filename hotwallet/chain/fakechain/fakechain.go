package fakechain

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/btcsuite/btcd/address/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

const (
	transferGas = 21000
	tokenGas    = 65000
	// defaultRate is sat per vbyte, or gwei per gas.
	defaultRate = 2
	gwei        = 1_000_000_000
	dust        = 546
)

// Config sets a chain up. The zero value of each field has a meaning.
type Config struct {
	// Seed makes the hashes and addresses of two chains differ.
	Seed uint64
	// Now is the clock of block times; without one, blocks are ten minutes apart
	// from a fixed day on.
	Now func() time.Time
	// Networks is what addresses are written for; simnet and 1337 if empty.
	Networks asset.Networks
	// FirstSeen: nodes take no replacement, as on Bitcoin Cash (UTXO chain).
	FirstSeen bool
}

// Chain is a chain and the adapter to it.
type Chain struct {
	chain    asset.Chain
	networks asset.Networks
	seed     string
	now      func() time.Time

	mu      sync.Mutex
	blocks  []block // best chain, by height
	state   *state  // after the last block
	mempool []Tx    // in the order of arrival
	// strangers is all that they have made, in its order.
	strangers []Tx
	counter   uint64 // makes generated things differ
	fails     map[string]bool
	forbid    map[string]bool
	refuse    map[asset.ID]bool
	rate      uint64
	minRate   uint64
	// firstSeen as configured; blockRate and blockSpace are the market's, see market.go.
	firstSeen  bool
	blockRate  uint64
	blockSpace int
	faults     faults
}

var _ chain.Adapter = (*Chain)(nil)

// block is immutable once it is in a chain.
type block struct {
	chain.Ref
	parent string
	time   time.Time
	txs    []minedTx
}

type minedTx struct {
	Tx
	id     string
	failed bool
	fee    asset.Units // what it cost
}

// NewBitcoin makes a UTXO chain with only its genesis block.
func NewBitcoin(c Config) *Chain { return newChain(asset.Bitcoin, c) }

// NewEthereum makes an account chain with only its genesis block.
func NewEthereum(c Config) *Chain { return newChain(asset.Ethereum, c) }

func newChain(name asset.Chain, cfg Config) *Chain {
	if cfg.Networks == (asset.Networks{}) {
		cfg.Networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}
	}
	if err := cfg.Networks.Validate(); err != nil {
		panic("fakechain: " + err.Error())
	}
	c := &Chain{
		chain: name, networks: cfg.Networks, seed: fmt.Sprintf("%s/%d", name, cfg.Seed), now: cfg.Now,
		state: newState(), fails: map[string]bool{}, forbid: map[string]bool{}, refuse: map[asset.ID]bool{}, rate: defaultRate, minRate: 1, firstSeen: cfg.FirstSeen,
	}
	c.appendBlock(nil)
	return c
}

// NewAddress makes an address that no one used before, in canonical form.
func (c *Chain) NewAddress() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newAddress()
}

func (c *Chain) newAddress() string {
	digest := hash("address", c.seed, c.next())
	if c.chain == asset.Ethereum {
		canonical, err := c.networks.ParseAddress(asset.Ethereum, "0x"+digest[:40])
		if err != nil {
			panic("fakechain: " + err.Error())
		}
		return canonical
	}
	params, err := c.networks.BitcoinParams()
	if err != nil {
		panic("fakechain: " + err.Error())
	}
	a, err := address.NewAddressWitnessPubKeyHash([]byte(digest)[:20], params)
	if err != nil {
		panic("fakechain: " + err.Error())
	}
	return a.EncodeAddress()
}

// next is a text that was not used before.
func (c *Chain) next() string {
	c.counter++
	return fmt.Sprint(c.counter)
}

func (c *Chain) tip() block { return c.blocks[len(c.blocks)-1] }

// appendBlock puts txs, which must be valid on the state, into a new block.
func (c *Chain) appendBlock(txs []Tx) {
	b := block{Ref: chain.Ref{Height: int64(len(c.blocks))}, time: c.clock()}
	content := []string{"block", c.seed, c.next()}
	if b.Height > 0 {
		b.parent = c.tip().Hash
		content = append(content, b.parent)
	}
	for _, t := range txs {
		m := minedTx{Tx: t, id: t.ID(), failed: c.fails[t.ID()], fee: c.cost(t)}
		b.txs = append(b.txs, m)
		content = append(content, m.id)
		c.state.apply(m, b.Height)
	}
	b.Hash = hash(content...)
	if c.chain == asset.Ethereum {
		b.Hash = "0x" + b.Hash
		if b.parent == "" {
			b.parent = "0x" + fmt.Sprintf("%064d", 0)
		}
	}
	c.blocks = append(c.blocks, b)
	mined := func(t Tx) bool { return c.state.mined(t.ID()) }
	c.mempool = slices.DeleteFunc(c.mempool, mined)
}

func (c *Chain) clock() time.Time {
	if c.now != nil {
		return c.now().UTC().Truncate(time.Second)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return start.Add(time.Duration(len(c.blocks)) * 10 * time.Minute)
}

// cost is what a transaction pays when it is mined now.
func (c *Chain) cost(t Tx) asset.Units {
	if c.chain == asset.Ethereum {
		if price := c.feeAt(t, max(c.rate, c.blockRate)); price.Less(t.Fee) {
			return price
		}
	}
	return t.Fee
}

// feeAt is the fee of a transaction at a rate in the unit of SetFeeRate.
func (c *Chain) feeAt(t Tx, rate uint64) asset.Units { return t.feeFor(c.scale(rate)) }

// scale is a rate per vbyte in sat, or per gas in gwei, in chain.Rate's unit.
func (c *Chain) scale(rate uint64) chain.Rate {
	if c.chain == asset.Ethereum {
		return chain.Rate(rate * gwei)
	}
	return chain.Rate(rate * 1000)
}
