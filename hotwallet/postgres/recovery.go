package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/recovery"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var (
	readRecoverySQL   = statement("READ_RECOVERY")
	beginRecoverySQL  = statement("BEGIN_RECOVERY")
	finishRecoverySQL = statement("FINISH_RECOVERY")
	keepBackSQL       = statement("KEEP_BACK")
	recoversSQL       = statement("RECOVERS")
	recoveryBeganSQL  = statement("RECOVERY_BEGAN")
	burnPaidSQL       = statement("BURN_PAID")
	recoveredAtSQL    = statement("RECOVERED_AT")
	raiseNonceSQL     = statement("RAISE_NONCE")
	isSenderSQL       = statement("IS_SENDER")
)

var _ recovery.Store = (*Store)(nil)

// alarmRecoveredTopUp is of what the address that pays sent to a deposit address by a
// payment that is lost.
const alarmRecoveredTopUp = "alarm.recovered_top_up"

// alarmKeptBack is of payments that no recovery can tell to be unpaid, and reasonKeptBack
// what each of them says.
const (
	alarmKeptBack  = "alarm.payments_kept_back"
	reasonKeptBack = "queued before the recovery of its chain: it may have been paid, and is paid by hand if it was not"
)

// Recovery implements recovery.Store.
func (s *Store) Recovery(ctx context.Context) (recovery.Plan, bool, error) {
	var p recovery.Plan
	var finished *time.Time
	err := s.pool.QueryRow(ctx, readRecoverySQL, s.chain).
		Scan(&p.Highest, &p.Gap, &p.Birth, &p.Until, &p.Began, &p.StartedAt, &finished)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read the recovery of %s: %w", s.chain, err)
	}
	p.Finished = finished != nil
	return p, true, nil
}

// BeginRecovery implements recovery.Store.
func (s *Store) BeginRecovery(ctx context.Context, tip, from int64) (until, began int64, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, beginRecoverySQL, s.chain, tip, from).Scan(&until, &began)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("begin the recovery of %s: %w", s.chain, err)
	}
	return until, began, nil
}

// FinishRecovery implements recovery.Store. One alarm counts the payments that are kept
// back.
func (s *Store) FinishRecovery(ctx context.Context) (finished bool, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, finishRecoverySQL, s.chain, s.now())
		if finished = err == nil && tag.RowsAffected() == 1; !finished {
			return err
		}
		return s.keepBack(ctx, tx)
	})
	if err != nil {
		return false, fmt.Errorf("end the recovery of %s: %w", s.chain, err)
	}
	return finished, nil
}

// keepBack says of payments that lie unplanned in rows older than the recovery why they
// stand still. OpenPayments leaves them out.
func (s *Store) keepBack(ctx context.Context, tx pgx.Tx) error {
	var kept int
	var first string
	if err := tx.QueryRow(ctx, keepBackSQL, s.chain, reasonKeptBack, s.now()).Scan(&kept, &first); err != nil {
		return fmt.Errorf("keep payments from before back: %w", err)
	}
	if kept == 0 {
		return nil
	}
	s.config.Log.Error("payments queued before the recovery are kept back", "chain", s.chain, "count", kept, "order", first)
	return s.staffAction(ctx, tx, itself, alarmKeptBack, string(s.chain), fmt.Sprintf(
		"%d payments that were queued before the recovery of %s are not paid, because nobody knows here whether they were: the first is %s", kept, s.chain, first))
}

// recovers reports that a block is one of those a recovery reads again: spends of
// ours in it may be payments that these rows have lost.
func (c *change) recovers(ctx context.Context, height int64) (yes bool, err error) {
	if err := c.tx.QueryRow(ctx, recoversSQL, c.chain, height).Scan(&yes); err != nil {
		return false, fmt.Errorf("ask whether block %d is recovered: %w", height, err)
	}
	return yes, nil
}

// recoveredChange finds the credits that come back from lost payments: those of
// transactions that spend what is ours, to addresses of the house: change, or on an account
// chain the other end of a sweep or of a gas top-up. They are no deposits; it books them
// against what the payment took.
func (c *change) recoveredChange(ctx context.Context, b chain.Block, own map[string][]attempt, addresses map[string]ownAddress) (map[string]bool, error) {
	lost := map[string]string{}
	for _, d := range b.Debits {
		if _, known := own[d.TxID]; !known && (d.CoinID != "" || !d.Fee.IsZero()) {
			lost[d.TxID] = d.Address
		}
	}
	back := map[string]bool{}
	if len(lost) == 0 || len(b.Credits) == 0 {
		return back, nil
	}
	recovers, err := c.recovers(ctx, b.Height)
	if err != nil || !recovers {
		return back, err
	}
	for _, credit := range b.Credits {
		sender, ours := lost[credit.TxID]
		if !ours {
			continue
		}
		if addresses[credit.Address].purpose() != purposeFunding {
			toppedUp, err := c.recoveredTopUp(ctx, credit, sender)
			if err != nil {
				return nil, err
			}
			if !toppedUp {
				continue
			}
		}
		back[credit.CoinID()] = true
		c.book(changeKey(c.depositID(credit), b.Hash), "recovered.change", "", ledger.Wallet, ledger.Recovered,
			asset.Amount{Asset: credit.Asset, Units: credit.Units})
	}
	return back, nil
}

// recoveredTopUp reports a credit of the chain's own asset that the address that pays has
// sent to another of ours, by a payment that the rows have lost: gas for a sweep. Told as a
// deposit, it would be refunded to somebody who never had it. Should it have been a payout
// to such an address, people have to tell: an alarm names it.
func (c *change) recoveredTopUp(ctx context.Context, credit chain.Credit, sender string) (bool, error) {
	if !keepsAccounts(c.chain) || credit.Asset != c.native.ID {
		return false, nil
	}
	var paying bool
	if err := c.tx.QueryRow(ctx, isSenderSQL, c.chain, sender).Scan(&paying); err != nil {
		return false, fmt.Errorf("ask whether %.60s is the address that pays: %w", sender, err)
	}
	if !paying {
		return false, nil
	}
	return true, c.staffAction(ctx, c.tx, itself, alarmRecoveredTopUp, c.depositID(credit), fmt.Sprintf(
		"%s base units of %s that the address that pays had sent to %s are booked as recovered: gas for a sweep. If it was a payout, owe it to whose address that is",
		credit.Units, credit.Asset, credit.Address))
}

// changeKey is of the change of a lost payment, by the deposit it would be otherwise.
func changeKey(depositID, blockHash string) string { return "recovered:" + depositID + "@" + blockHash }

// reverseChange adds the entries of a block's recovered change to those to be
// reversed. It comes before the block's coins are removed.
func (c *change) reverseChange(ctx context.Context, at chain.Ref, keys map[string]bool) error {
	recovers, err := c.recovers(ctx, at.Height)
	if err != nil || !recovers {
		return err
	}
	if keepsAccounts(c.chain) {
		return c.reverseSwept(ctx, at, keys)
	}
	made, err := texts(ctx, c.tx, coinsMadeAtSQL, c.chain, at.Height)
	if err != nil {
		return fmt.Errorf("look for recovered change: %w", err)
	}
	for _, coin := range made {
		keys[changeKey(string(c.chain)+":"+coin, at.Hash)] = false
	}
	return nil
}

// reverseSwept is reverseChange of an account chain, which has no coins to go by.
func (c *change) reverseSwept(ctx context.Context, at chain.Ref, keys map[string]bool) error {
	booked, err := texts(ctx, c.tx, recoveredAtSQL, changeKey(string(c.chain)+":", at.Hash))
	if err != nil {
		return fmt.Errorf("look for recovered sweeps: %w", err)
	}
	for _, key := range booked {
		base, _, _ := strings.Cut(key, "#") // liveKeys knows which of its rounds counts
		keys[base] = false
	}
	return nil
}

// raiseNonces has the sender go on after the transactions of it that a recovered
// block shows.
func (c *change) raiseNonces(ctx context.Context, b chain.Block) error {
	for _, d := range b.Debits {
		if d.CoinID != "" || d.Fee.IsZero() {
			continue // not a transaction that an address of ours sent
		}
		if _, err := c.tx.Exec(ctx, raiseNonceSQL, c.chain, d.Address, d.Nonce+1); err != nil {
			return fmt.Errorf("raise the nonce of the sender: %w", err)
		}
	}
	return nil
}

// burnPaid keeps addresses that were paid without having been issued from being
// issued: a database that is lost has given them to somebody.
func (c *change) burnPaid(ctx context.Context, addresses map[string]ownAddress) error {
	var paid []string
	for address, a := range addresses {
		if a.state == "pool" && a.home == "" {
			paid = append(paid, address)
		}
	}
	if len(paid) == 0 {
		return nil
	}
	tag, err := c.tx.Exec(ctx, burnPaidSQL, c.chain, paid, recovery.DiscoveryGap)
	if err != nil {
		return fmt.Errorf("burn addresses that were paid: %w", err)
	}
	c.config.Log.Warn("addresses that nobody was given were paid: burnt, with those around them",
		"chain", c.chain, "paid", len(paid), "burnt", tag.RowsAffected())
	return nil
}

// toldBefore parts off the orders that were told before the chain's recovery began.
// Whether they were paid is not known any more, so they are not paid; one refusal
// names them.
func (s *Store) toldBefore(ctx context.Context, tx pgx.Tx, orders []swap.Order) ([]swap.Order, []payment.Refusal, error) {
	if len(orders) == 0 {
		return orders, nil, nil
	}
	var began time.Time
	err := tx.QueryRow(ctx, recoveryBeganSQL, s.chain).Scan(&began)
	if errors.Is(err, pgx.ErrNoRows) {
		return orders, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the recovery of %s: %w", s.chain, err)
	}
	var fresh []swap.Order
	var before []string
	for _, o := range orders {
		if o.At.Before(began) {
			before = append(before, o.ID)
		} else {
			fresh = append(fresh, o)
		}
	}
	if len(before) == 0 {
		return fresh, nil, nil
	}
	return fresh, []payment.Refusal{{Target: before[0], Reason: fmt.Sprintf(
		"%d orders told before the recovery of %s are not paid, because nobody knows here whether they were: the first is %s", len(before), began.UTC().Format(time.RFC3339), before[0])}}, nil
}
