package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	spendableCoinsSQL = statement("SPENDABLE_COINS")
	changeAddressSQL  = statement("CHANGE_ADDRESS")
	senderSQL         = statement("PAYING_SENDER")
	reserveCoinsSQL   = statement("RESERVE_COINS")
	takeNonceSQL      = statement("TAKE_NONCE")
)

// A plan may choose from so many of the largest coins and so many of the smallest that
// are worth spending: the signer takes at most 200 inputs, and a call with their previous
// transactions has to fit.
const (
	coinsLargest  = 75
	coinsSmallest = 25
)

// Basis implements payment.Store.
func (s *Store) Basis(ctx context.Context, payments []payment.Payment) (payment.Basis, error) {
	var b payment.Basis
	if len(payments) == 0 {
		return b, errors.New("funds are asked for no payment")
	}
	first := payments[0].Order
	err := s.read(ctx, func(tx pgx.Tx) (err error) {
		b.DepositsConfirmed = true
		var at queue
		if payments[0].House != nil {
			b.Funds, at, err = s.houseFunds(ctx, tx, payments[0])
		} else if keepsAccounts(s.chain) {
			b.Funds, at, err = s.payingSender(ctx, tx, first.Amount.Asset)
		} else {
			b.Funds, err = s.spendableCoins(ctx, tx, first.ID)
		}
		b.Unsigned, b.Full = at.unsigned, at.full
		for i := 0; i < len(payments) && err == nil; i++ {
			err = s.basisOf(ctx, tx, payments[i].Order, &b)
		}
		if err == nil && payments[0].House == nil && !keepsAccounts(s.chain) {
			b.Own, err = s.ownChange(ctx, tx, payments, b.Funds.Coins)
		}
		return err
	})
	if err != nil {
		return b, fmt.Errorf("find funds for %s: %w", first.ID, err)
	}
	return b, nil
}

// basisOf adds one order's part.
func (s *Store) basisOf(ctx context.Context, tx pgx.Tx, o swap.Order, b *payment.Basis) error {
	var confirmed int
	if err := tx.QueryRow(ctx, confirmedDepositsSQL, depositArgs(o)...).Scan(&confirmed); err != nil {
		return err
	}
	b.DepositsConfirmed = b.DepositsConfirmed && confirmed == len(o.Deposits)
	if keepsAccounts(s.chain) {
		return nil
	}
	must, err := s.siblingCoins(ctx, tx, o)
	b.Funds.Must = append(b.Funds.Must, must...)
	return err
}

// spendableCoins are what a UTXO chain's payment may spend. Without a change address
// there are no funds.
func (s *Store) spendableCoins(ctx context.Context, tx pgx.Tx, orderID string) (chain.Funds, error) {
	var f chain.Funds
	err := tx.QueryRow(ctx, changeAddressSQL, s.chain, orderID).Scan(&f.ChangeAddress, &f.ChangePath)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, errors.New("no change address is derived yet")
	}
	if err != nil {
		return f, err
	}
	rows, err := tx.Query(ctx, spendableCoinsSQL, s.chain, s.spendDepth(), coinsLargest, coinsSmallest, s.config.Dust(s.native.ID))
	if err != nil {
		return f, err
	}
	var c chain.Coin
	_, err = pgx.ForEachRow(rows, []any{&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path}, func() error {
		f.Coins = append(f.Coins, c)
		return nil
	})
	return f, err
}

// queue is what an account's next nonce waits for: unsigned that an earlier one is taken and
// its plan not signed yet, full that too many of its transactions are in no block.
type queue struct{ unsigned, full bool }

// payingSender is the account that pays an asset, and what its next nonce waits for.
func (s *Store) payingSender(ctx context.Context, tx pgx.Tx, id asset.ID) (f chain.Funds, at queue, err error) {
	most := s.config.InFlightMax
	err = tx.QueryRow(ctx, senderSQL, s.chain, s.native.ID, true, most).Scan(&f.Sender, &f.SenderPath, &f.Nonce, &f.Balance, &at.unsigned, &at.full)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, at, errors.New("no sender is set up yet")
	}
	if err != nil || id == s.native.ID {
		return f, at, err
	}
	err = tx.QueryRow(ctx, senderSQL, s.chain, id, false, most).Scan(&f.Sender, &f.SenderPath, &f.Nonce, &f.TokenBalance, &at.unsigned, &at.full)
	return f, at, err
}

// reserveCoins ties every coin of the plan to the batch, or fails.
func (s *Store) reserveCoins(ctx context.Context, tx pgx.Tx, batchID string, orders []string, plan chain.Plan) error {
	var there, made coinRows
	for _, c := range plan.Coins {
		if c.Parent == nil {
			there.add(c)
		} else {
			made.add(c)
		}
	}
	tag, err := tx.Exec(ctx, reserveCoinsSQL, batchID, s.chain, there.txids, there.indexes, there.units, there.paths, s.depth(), orders)
	if err != nil {
		return err
	}
	n := tag.RowsAffected()
	if len(made.txids) > 0 {
		if tag, err = tx.Exec(ctx, reserveChangeSQL, batchID, s.chain, made.txids, made.indexes, made.units, made.paths); err != nil {
			return err
		}
		n += tag.RowsAffected()
	}
	if n == 0 || n != int64(len(plan.Coins)) {
		return fmt.Errorf("%d of %d coins could be reserved: %w", n, len(plan.Coins), payment.ErrChanged)
	}
	return nil
}

// coinRows are coins as columns.
type coinRows struct {
	txids, units, paths []string
	indexes             []int64
}

func (r *coinRows) add(c chain.Coin) {
	r.txids, r.indexes = append(r.txids, c.TxID), append(r.indexes, int64(c.Index))
	r.units, r.paths = append(r.units, c.Units.String()), append(r.paths, c.Path)
}

// takeNonce gives the plan's nonce to it, if it is the next one, nothing before
// it is unsigned, no more of the sender's transactions wait for a block than may, and the
// balances still cover the payment and its fee. Whoever plans holds the chain's lock, so
// that two never count the same.
func (s *Store) takeNonce(ctx context.Context, tx pgx.Tx, p payment.Payment, plan chain.Plan) (*int64, error) {
	if p.House != nil && p.Order.Purpose != swap.PurposeGasTopUp {
		return s.takeHouseNonce(ctx, tx, p, plan)
	}
	paid := p.Order.Amount
	f, at, err := s.payingSender(ctx, tx, paid.Asset)
	if err != nil {
		return nil, err
	}
	cost, short := plan.Fee, f.TokenBalance.Less(paid.Units)
	if paid.Asset == s.native.ID {
		if cost, err = paid.Units.Add(plan.Fee); err != nil {
			return nil, err
		}
		short = false
	}
	if at.unsigned || at.full || short || f.Balance.Less(cost) {
		return nil, fmt.Errorf("another plan is unsigned, too many are in no block or the balance is short: %w", payment.ErrChanged)
	}
	nonce := int64(plan.Nonce)
	if err := changedOne(tx.Exec(ctx, takeNonceSQL, s.chain, nonce, plan.SenderPath)); err != nil {
		return nil, fmt.Errorf("nonce %d: %w", nonce, err)
	}
	return &nonce, nil
}

// changedOne turns a guarded write of one row that found nothing into ErrChanged.
func changedOne(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() != 1 {
		return payment.ErrChanged
	}
	return err
}
