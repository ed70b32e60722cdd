package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var includeDepositsSQL = statement("INCLUDE_DEPOSITS")

// Purposes of a deposit.
const (
	purposeSwap         = "swap"
	purposeFunding      = "funding"
	purposeUnattributed = "unattributed"
)

// deposit is a row of that table as far as facts and postings need it.
type deposit struct {
	id, txid, address string
	amount            asset.Amount
	purpose, swapID   string
	firstSeen         time.Time
	// nil while in no block.
	height    *int64
	blockHash *string
	blockTime *time.Time
	// coinbase is a miner's reward. It is known of what is in a block.
	coinbase bool
	// used and awaits: see swap.DepositFact.
	used   bool
	awaits swap.Finality
}

// coinbaseMaturity is how deep a reward has to be before it can be spent: consensus
// on Bitcoin. Until then it may not count, however few confirmations are asked for:
// a payment for it could not be taken from it, and a reorganisation takes it for good.
const coinbaseMaturity = 100

// needed is how deep the deposit has to be.
func (c *change) needed(d deposit) int64 {
	blocks, _ := c.rules.Needed(d.amount)
	if d.coinbase {
		return max(blocks, coinbaseMaturity)
	}
	return blocks
}

func scanDeposit(row pgx.CollectableRow) (deposit, error) {
	var d deposit
	err := row.Scan(&d.id, &d.txid, &d.address, &d.amount.Asset, &d.amount.Units, &d.purpose, &d.swapID,
		&d.firstSeen, &d.height, &d.blockHash, &d.blockTime, &d.coinbase)
	return d, err
}

// deposits runs a statement that gives deposits, sorted by their ids.
func (c *change) deposits(ctx context.Context, sql string, args ...any) ([]deposit, error) {
	rows, err := c.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("change deposits: %w", err)
	}
	found, err := pgx.CollectRows(rows, scanDeposit)
	if err != nil {
		return nil, fmt.Errorf("change deposits: %w", err)
	}
	slices.SortFunc(found, func(a, b deposit) int { return strings.Compare(a.id, b.id) })
	return found, nil
}

// entryKey is under which the arrival of a deposit in a block is booked.
func (d deposit) entryKey(blockHash string) string {
	kind := map[string]string{purposeSwap: "deposit", purposeFunding: "funding", purposeUnattributed: "unattributed"}
	return fmt.Sprintf("%s:%s@%s", kind[d.purpose], d.id, blockHash)
}

// tell adds a fact of a deposit that belongs to a swap.
func (c *change) tell(kind swap.FactKind, d deposit, tip int64) {
	if d.purpose != purposeSwap {
		return
	}
	f := swap.DepositFact{
		DepositID: d.id, TxID: d.txid, Address: d.address, Amount: d.amount, Needed: c.needed(d),
		FirstSeen: d.firstSeen.UTC(), DustThreshold: c.config.Dust(d.amount.Asset), Used: d.used, Awaits: d.awaits,
	}
	if d.height != nil {
		f.Height, f.Confirmations = *d.height, tip-*d.height+1
	}
	if d.blockTime != nil {
		f.BlockTime = d.blockTime.UTC()
	}
	if kind == swap.FactDepositConfirmed {
		f.ConfirmedAt = c.at
	}
	c.facts = append(c.facts, swap.Fact{Kind: kind, SwapID: d.swapID, At: c.at, Deposit: &f})
}

// includeCredits stores what the block brought: coins for all of it, deposits for
// all that is not our own change.
func (c *change) includeCredits(ctx context.Context, b chain.Block, own map[string][]attempt) error {
	if len(b.Credits) == 0 {
		return nil
	}
	addresses, err := c.ownAddresses(ctx, b.Credits)
	if err != nil {
		return err
	}
	if err := c.addCoins(ctx, b, addresses); err != nil {
		return err
	}
	if err := c.burnPaid(ctx, addresses); err != nil {
		return err
	}
	back, err := c.recoveredChange(ctx, b, own, addresses)
	if err != nil {
		return err
	}
	// A payment to an address of ours would be a deposit all the same: its hold
	// counted it as gone. Only what comes back beside it is change. An account gets no
	// change: what a payment's destination sends on is a deposit like any other.
	arrived := slices.DeleteFunc(slices.Clone(b.Credits), func(credit chain.Credit) bool {
		pays := slices.ContainsFunc(own[credit.TxID], func(a attempt) bool { return a.destination == credit.Address })
		ours := len(own[credit.TxID]) > 0
		return back[credit.CoinID()] || ours && !pays && !keepsAccounts(c.chain) || c.arrives(credit, own)
	})
	args := append(c.depositArgs(arrived, addresses), b.Height, b.Hash, b.Time)
	included, err := c.deposits(ctx, includeDepositsSQL, args...)
	if err != nil {
		return err
	}
	if len(included) != len(arrived) {
		return fmt.Errorf("%d of %d deposits are in a block already or have changed: %w",
			len(arrived)-len(included), len(arrived), ErrState)
	}
	against := map[string]ledger.Account{purposeSwap: ledger.DepositConfirming,
		purposeFunding: ledger.HouseCapital, purposeUnattributed: ledger.Suspense}
	for _, d := range included {
		e := ledger.Transfer(d.entryKey(b.Hash), "deposit."+d.purpose, d.swapID, ledger.Wallet, against[d.purpose], d.amount)
		c.blockEntries = append(c.blockEntries, e)
	}
	return nil
}

// depositArgs are the columns of new deposits, and the time as the last one.
func (c *change) depositArgs(credits []chain.Credit, addresses map[string]ownAddress) []any {
	var ids, txs, to, assets, units, purposes, swaps []string
	var indexes []int64
	for _, credit := range credits {
		a := addresses[credit.Address]
		ids, txs = append(ids, c.depositID(credit)), append(txs, credit.TxID)
		indexes, to = append(indexes, int64(credit.Index)), append(to, credit.Address)
		assets, units = append(assets, string(credit.Asset)), append(units, credit.Units.String())
		purposes, swaps = append(purposes, a.purpose()), append(swaps, a.swapID)
	}
	return []any{c.chain, ids, txs, indexes, to, assets, units, purposes, swaps, c.at}
}

// depositID is "<chain>:<txid>:<index>".
func (s *Store) depositID(credit chain.Credit) string { return string(s.chain) + ":" + credit.CoinID() }
