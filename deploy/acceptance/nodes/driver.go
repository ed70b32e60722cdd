package nodes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/ethclient"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

// Config says where a cluster lives.
type Config struct {
	// Root is emptied first. Bin is the folder of the built programs and nodes, API
	// where the public API listens, on loopback.
	Root, Bin, API string
	// Window is how long a swap waits for its deposit; DefaultWindow if zero. All times of
	// the language go faster in proportion, so that a slower machine needs a longer one.
	Window time.Duration
}

// DefaultWindow is right for a machine with nothing else to do.
const DefaultWindow = time.Minute

const (
	// etherReorgLimit is more than the blocks that pass, one a second, until one is
	// taken away.
	etherReorgLimit = 20
	// lanes is how many scenarios share the cluster at a time.
	lanes = 10
	// blockEvery is btcd's pace; geth --dev makes a block a second.
	blockEvery = 250 * time.Millisecond
	stopLimit  = 2 * time.Minute
)

// Driver is a running cluster with all that is around it: a miner, faucets, users.
type Driver struct {
	root, bin string
	up        *cluster.Cluster
	api       *client.Client
	base      string // the public API
	deploy    deployment.Deployment
	coins     *faucet.Bitcoin
	ether     *faucet.Ethereum
	node      *bitcoin.Node
	geth      *ethclient.Client
	// faster is how much faster times go than in the language: scenario.Window over the
	// deposit window. alone is false where others use the cluster: then nothing is shaken.
	faster time.Duration
	alone  bool
	miner  *miner

	asking sync.Mutex // held by the one who asks for a quote
	mu     sync.Mutex
	keys   map[string]bitcoin.Key // of the addresses that users gave
}

// Start brings a cluster up on an empty folder, with a miner, and gives it money.
func Start(ctx context.Context, c Config) (*Driver, error) {
	root, rootErr := filepath.Abs(c.Root)
	bin, binErr := filepath.Abs(c.Bin)
	if err := errors.Join(rootErr, binErr, os.RemoveAll(root)); err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	if c.Window == 0 {
		c.Window = DefaultWindow
	}
	networks := cluster.TokenNetworks()
	mining, err := faucet.BitcoinMiningAddress(networks)
	if err != nil {
		return nil, err
	}
	up, err := cluster.Start(ctx, cluster.Config{Root: root, Bin: bin, API: c.API, MiningAddress: mining, Networks: networks,
		Getenv: func(string) string { return "" },
		Policy: func(d *deployment.Deployment) {
			// Half as long again is for the confirmations.
			d.Locks.DepositWindowSeconds, d.Locks.ConfirmWindowSeconds = int64(c.Window.Seconds()), int64(c.Window.Seconds()*7/4)
			d.Locks.MaxPerClient = 500
			// Longer than liquidityd itself waits for a price.
			d.Waits.PriceSeconds = 75
			ethereum := d.Chains[asset.Ethereum]
			ethereum.ReorgLimit = etherReorgLimit
			d.Chains[asset.Ethereum] = ethereum
		}})
	if err != nil {
		return nil, err
	}
	d, err := Attach(ctx, up, root, bin)
	if err != nil {
		return nil, errors.Join(err, stop(up))
	}
	d.alone = true
	if err := d.coins.Mature(ctx, nil); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.miner = startMiner(ctx, d.coins)
	if err := d.fund(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Attach plays on a cluster that others use too: it has money and a miner, and nothing
// about it is shaken.
func Attach(ctx context.Context, up *cluster.Cluster, root, bin string) (*Driver, error) {
	d := &Driver{root: root, bin: bin, up: up, keys: map[string]bitcoin.Key{}}
	s := up.Settings()
	d.base = s.API
	var err error
	if d.deploy, err = deployment.Load(s.Deployment); err != nil {
		return nil, err
	}
	d.faster = scenario.Window / (time.Duration(d.deploy.Locks.DepositWindowSeconds) * time.Second)
	quoteKeys, quoteErr := d.deploy.PublicQuoteKeys()
	attestKeys, attestErr := d.deploy.PublicAttestKeys()
	if err := errors.Join(quoteErr, attestErr); err != nil {
		return nil, err
	}
	btcd := bitcoin.NodeConfig{URL: s.Bitcoin.URL, User: s.Bitcoin.User, Password: s.Bitcoin.Password}
	var errs [5]error
	d.api, errs[0] = client.New(client.Config{URL: s.API, Networks: d.deploy.Networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys})
	d.node, errs[1] = bitcoin.NewNode(btcd)
	d.coins, errs[2] = faucet.NewBitcoin(btcd, d.deploy.Networks)
	d.ether, errs[3] = faucet.NewEthereum(ctx, s.Ethereum.URL, d.deploy.Networks)
	d.geth, errs[4] = ethclient.DialContext(ctx, s.Ethereum.URL)
	return d, errors.Join(errs[:]...)
}

// Name implements scenario.Driver.
func (*Driver) Name() string { return "nodes" }

// Lanes implements scenario.Driver.
func (*Driver) Lanes() int { return lanes }

// Open implements scenario.Driver.
func (d *Driver) Open(_ context.Context, s scenario.Scenario) (scenario.World, error) {
	if s.Exclusive && !d.alone {
		return nil, scenario.Cannot("the cluster is shared, and the scenario shakes it")
	}
	return &world{Driver: d, exclusive: s.Exclusive, requests: map[string]request{}, spent: map[string][]bitcoin.Coin{}, trouble: trouble{down: map[string]bool{}}}, nil
}

// Close ends the cluster, after its books were found to balance.
func (d *Driver) Close() error {
	if d.miner != nil {
		defer d.miner.stop()
	}
	d.Detach()
	return stop(d.up)
}

// Detach ends the driver's own connections; the cluster stays.
func (d *Driver) Detach() {
	d.ether.Close()
	d.geth.Close()
	d.node.Close()
	d.coins.Close()
}

func stop(up *cluster.Cluster) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return up.Stop(ctx)
}

// fund sends house capital, as the treasury would: in several coins, because a payout
// takes its change out of sight until it is confirmed.
func (d *Driver) fund(ctx context.Context) error {
	to := map[asset.Chain]string{}
	for _, on := range cluster.DemoNetworks().Chains() {
		page, err := d.ferry(ctx, "treasury", "fund-address", string(on))
		if err != nil {
			return err
		}
		to[on] = page
	}
	var outputs []faucet.Output
	for range 16 {
		outputs = append(outputs, faucet.Output{Address: to[asset.Bitcoin], Units: asset.NewUnits(100_000_000)})
	}
	if _, err := d.coins.Pay(ctx, outputs); err != nil {
		return err
	}
	if _, err := d.ether.Pay(ctx, to[asset.Ethereum], asset.MustUnits("1000000000000000000000")); err != nil {
		return err
	}
	_, err := d.ether.PayToken(ctx, to[asset.Ethereum], asset.Amount{Asset: strayToken, Units: asset.NewUnits(100_000_000_000)})
	return err
}
