package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/show"
	"ferry/deploy/demo/wallet"
	"ferry/swap/asset"
)

// Result is what a run has done.
type Result struct {
	Swaps []Done
	// Claims are what the destinations should have received.
	Claims []Claim
}

// Done is one settled swap.
type Done struct {
	ID      string
	Deposit asset.Amount
	Payout  asset.Amount
	// Address received the payout by PayoutTx; DepositTx was the user's.
	Address   string
	DepositTx string
	PayoutTx  string
	Took      time.Duration
	// Void are transactions that were signed for the payout too and paid nothing: each was
	// outbid, or it failed.
	Void []string
}

// purse is a user's wallet on one chain.
type purse interface {
	// NewAddress was never given out before.
	NewAddress() (string, error)
	// Pay sends exactly this to the address, signed by the wallet.
	Pay(ctx context.Context, to string, units asset.Units) (txid string, err error)
	// Balance can be spent now; Received has arrived at an address of the wallet.
	Balance(ctx context.Context) (asset.Units, error)
	Received(ctx context.Context, address string) (asset.Units, error)
}

// run is the state of one Run.
type run struct {
	cfg  Config
	show *show.Show
	api  *client.Client
	// faucets and coins are those of Bitcoin and its siblings.
	faucets  map[asset.Chain]*faucet.Bitcoin
	coins    map[asset.Chain]*wallet.Bitcoin
	ethereum *faucet.Ethereum
	userETH  *wallet.Ethereum
	// agreed tells of each swap once it is made.
	agreed chan struct{}
}

// Run takes each asset in and pays each out, in swaps side by side, and returns when
// all are settled and their payouts seen at the nodes. An error names what it waited
// for. The miners run as long as Run does.
func Run(ctx context.Context, cfg Config) (Result, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return Result{}, err
	}
	r := &run{cfg: cfg, show: cfg.Show, faucets: map[asset.Chain]*faucet.Bitcoin{}, coins: map[asset.Chain]*wallet.Bitcoin{}}
	defer r.close()
	if err := r.open(ctx); err != nil {
		return Result{}, err
	}
	if err := r.mature(ctx); err != nil {
		return Result{}, err
	}
	ctx, stopMiners := context.WithCancelCause(ctx)
	defer stopMiners(nil)
	var miners errgroup.Group
	for _, f := range r.faucets {
		miners.Go(func() error {
			err := f.MineEvery(ctx, cfg.BlockEvery)
			if err != nil {
				stopMiners(err) // nothing that waits for a block would ever end
			}
			return err
		})
	}
	result, err := r.perform(ctx)
	stopMiners(nil)
	return result, errors.Join(err, miners.Wait())
}

func (r *run) open(ctx context.Context) (err error) {
	c := r.cfg
	if r.api, err = client.New(client.Config{URL: c.API, Networks: c.Networks, QuoteKeys: c.QuoteKeys, AttestKeys: c.AttestKeys}); err != nil {
		return err
	}
	for chain, node := range c.UTXO {
		if r.faucets[chain], err = faucet.NewBitcoin(node, c.Networks); err != nil {
			return err
		}
		if r.coins[chain], err = wallet.NewBitcoin(node, c.Networks); err != nil {
			return err
		}
	}
	if c.Ethereum == "" {
		return nil
	}
	if r.ethereum, err = faucet.NewEthereum(ctx, c.Ethereum, c.Networks); err != nil {
		return err
	}
	r.userETH, err = wallet.NewEthereum(ctx, c.Ethereum, c.Networks)
	return err
}

func (r *run) close() {
	for _, f := range r.faucets {
		f.Close()
	}
	for _, w := range r.coins {
		w.Close()
	}
	if r.ethereum != nil {
		r.ethereum.Close()
	}
	if r.userETH != nil {
		r.userETH.Close()
	}
}

func (r *run) purse(id asset.ID) purse {
	if coins, ok := r.coins[asset.MustLookup(id).Chain]; ok {
		return coins
	}
	if id == asset.ETH {
		return r.userETH
	}
	return r.userETH.Token(id)
}

func (r *run) perform(ctx context.Context) (Result, error) {
	pairs := r.cfg.pairs()
	deposits, err := r.ready(ctx, pairs)
	if err != nil {
		return Result{}, err
	}
	r.show.Say("")
	result := Result{Swaps: make([]Done, len(pairs)), Claims: make([]Claim, len(pairs))}
	together, swapping := errgroup.WithContext(ctx)
	r.agreed = make(chan struct{}, len(pairs))
	if r.cfg.Venues != nil {
		together.Go(func() error { return r.midway(swapping, pairs, deposits) })
	}
	for i, pair := range pairs {
		together.Go(func() (err error) {
			if result.Swaps[i], err = (&trip{run: r, pair: pair}).swap(swapping, deposits[i]); err != nil {
				return fmt.Errorf("swap of %s: %w", pair, err)
			}
			result.Claims[i] = claimOf(result.Swaps[i], r.cfg.Networks)
			return nil
		})
	}
	if err := together.Wait(); err != nil {
		return Result{}, err
	}
	if err := r.forget(ctx); err != nil {
		return Result{}, err
	}
	r.show.Say("")
	for _, d := range result.Swaps {
		r.show.Say(fmt.Sprintf("%s became %s at %s, in %s", d.Deposit, d.Payout, d.Address, d.Took.Round(100*time.Millisecond)))
	}
	if r.cfg.ClaimsFile == "" {
		return result, nil
	}
	return result, WriteClaims(r.cfg.ClaimsFile, result.Claims)
}

// midway has venues go away once every swap is made, and while they are under way.
func (r *run) midway(ctx context.Context, pairs []asset.Pair, deposits []asset.Amount) error {
	for range pairs {
		select {
		case <-r.agreed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return r.lose(ctx, pairs, deposits)
}

// ready brings about all that the swaps need, the slow things at the same time,
// and returns what will be deposited in each.
func (r *run) ready(ctx context.Context, pairs []asset.Pair) ([]asset.Amount, error) {
	ctx, cancel := r.readyLimit(ctx)
	defer cancel()
	together, ctx := errgroup.WithContext(ctx)
	for _, f := range r.cfg.Funds {
		together.Go(func() error { return r.fund(ctx, f) })
	}
	deposits := make([]asset.Amount, len(pairs))
	together.Go(func() (err error) {
		if deposits, err = r.deposits(ctx, pairs); err != nil {
			return err
		}
		for _, d := range deposits {
			together.Go(func() error { return r.endow(ctx, d) })
		}
		return nil
	})
	err := together.Wait()
	return deposits, err
}

func (r *run) readyLimit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, r.cfg.ReadyLimit, fmt.Errorf("it took longer than %s", r.cfg.ReadyLimit))
}

// mature makes fresh chains usable.
func (r *run) mature(ctx context.Context) error {
	together, ctx := errgroup.WithContext(ctx)
	for chain, f := range r.faucets {
		together.Go(func() error { return r.matureOn(ctx, chain, f) })
	}
	return together.Wait()
}

func (r *run) matureOn(ctx context.Context, chain asset.Chain, f *faucet.Bitcoin) error {
	line := r.show.Start(string(chain), "looking at the chain")
	var first, last int64 = -1, 0
	err := f.Mature(ctx, func(height, want int64) {
		if first < 0 {
			first = height
		}
		last = height
		line.Update(fmt.Sprintf("mining block %d of %d, until coins are mature and every rule is active", height, want))
	})
	switch {
	case err != nil:
		line.Fail(err.Error())
	case first == last:
		line.Done("the chain is old enough")
	default:
		line.Done(fmt.Sprintf("mined %d blocks: coins are mature, every rule is active", last-first))
	}
	return err
}
