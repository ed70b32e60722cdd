package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Answer implements liquidity.Store. It advances the offset first: of two processes
// with one batch, one waits there and then finds it moved.
func (s *Store) Answer(ctx context.Context, consumer string, b bus.Batch, answers []liquidity.Answer) ([]liquidity.Answered, error) {
	var answered []liquidity.Answered
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := bus.AdvanceOffset(ctx, tx, consumer, b); err != nil {
			return err
		}
		known, err := knownRequests(ctx, tx, answers)
		if err != nil {
			return err
		}
		if err := waitForAssets(ctx, tx, answers); err != nil {
			return err
		}
		answered = make([]liquidity.Answered, 0, len(answers))
		var facts []bus.Message
		for _, a := range answers {
			id := a.Request.ID
			if known[id] {
				answered = append(answered, liquidity.Answered{RequestID: id, Repeated: true})
				continue
			}
			known[id] = true
			if a, err = s.answer(ctx, tx, a); err != nil {
				return fmt.Errorf("store the answer to %s: %w", id, err)
			}
			fact, err := bus.FactMessage(a.Fact())
			if err != nil {
				return err
			}
			facts = append(facts, fact)
			answered = append(answered, liquidity.Answered{RequestID: id, Refused: a.Refused})
		}
		return bus.Put(ctx, tx, facts...)
	})
	if err != nil {
		return nil, fmt.Errorf("answer requests for a price: %w", err)
	}
	return answered, nil
}

func knownRequests(ctx context.Context, tx pgx.Tx, answers []liquidity.Answer) (map[string]bool, error) {
	ids := make([]string, len(answers))
	for i, a := range answers {
		ids[i] = a.Request.ID
	}
	rows, err := tx.Query(ctx, answerKnownSQL, pgx.NamedArgs{"request_ids": ids})
	if err != nil {
		return nil, fmt.Errorf("look for answers: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for answers: %w", err)
	}
	known := make(map[string]bool, len(answers))
	for _, id := range found {
		known[id] = true
	}
	return known, nil
}

// waitForAssets waits for bookings and acceptances against the same balances.
func waitForAssets(ctx context.Context, tx pgx.Tx, answers []liquidity.Answer) error {
	var assets, markets []string
	for _, a := range answers {
		if a.Signed != "" {
			assets = append(assets, string(a.Requote.Payout.Asset))
		}
		if a.Signed != "" && a.Detected() && !a.Bounds.RiskMost.IsZero() {
			markets = append(markets, market(a.Pair()))
		}
	}
	if len(assets) == 0 {
		return nil
	}
	if len(markets) > 0 {
		if _, err := tx.Exec(ctx, bookLockPairsSQL, pgx.NamedArgs{"markets": markets}); err != nil {
			return fmt.Errorf("wait for bookings of the pairs: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, answerLockSQL, pgx.NamedArgs{"payout_assets": assets}); err != nil {
		return fmt.Errorf("wait for bookings: %w", err)
	}
	// Whoever books after this knows no more what is promised.
	if _, err := tx.Exec(ctx, turnSQL, pgx.NamedArgs{"payout_assets": assets}); err != nil {
		return fmt.Errorf("take a turn: %w", err)
	}
	return nil
}

// answer stores one answer, and returns it as it was stored.
func (s *Store) answer(ctx context.Context, tx pgx.Tx, a liquidity.Answer) (liquidity.Answer, error) {
	var client string
	if a.Signed != "" {
		var fits bool
		if err := tx.QueryRow(ctx, answerFitsSQL, s.answerArgs(a)).Scan(&fits); err != nil {
			return a, fmt.Errorf("measure what is promised: %w", err)
		}
		if fits && a.Detected() {
			var err error
			if client, fits, err = s.fitsUnconfirmed(ctx, tx, a); err != nil {
				return a, err
			}
		}
		if !fits {
			a = a.Unfunded()
		}
	}
	args := s.answerArgs(a)
	if a.Signed != "" {
		args["client"] = client
		if err := replace(ctx, tx, a, args); err != nil {
			return a, fmt.Errorf("end what it replaces: %w", err)
		}
	}
	_, err := tx.Exec(ctx, answerSQL, args)
	return a, err
}

// fitsUnconfirmed reports whether a rate for a deposit that is not confirmed fits into what
// may be promised for such, and whose swap it is for ("" where that has no lock).
func (s *Store) fitsUnconfirmed(ctx context.Context, tx pgx.Tx, a liquidity.Answer) (client string, fits bool, err error) {
	var sum, mine string
	args := s.answerArgs(a)
	if err := tx.QueryRow(ctx, answerUnconfirmedSQL, args).Scan(&sum); err != nil {
		return "", false, fmt.Errorf("sum what is not confirmed: %w", err)
	}
	m := liquidity.Measure{Risk: new(big.Int)}
	if m.Unconfirmed, err = asset.ParseUnits(sum); err != nil {
		return "", false, err
	}
	switch err := tx.QueryRow(ctx, answerClientSQL, args).Scan(&client, &mine); {
	case errors.Is(err, pgx.ErrNoRows):
		mine = "0"
	case err != nil:
		return "", false, fmt.Errorf("sum what its client has: %w", err)
	}
	if m.ClientReserved, err = asset.ParseUnits(mine); err != nil {
		return "", false, err
	}
	rows, err := tx.Query(ctx, measureRiskSQL, pgx.NamedArgs{"pairs": bothWays([]asset.Pair{a.Pair()}), "order_id": a.OrderID(), "now": s.now()})
	if err != nil {
		return "", false, fmt.Errorf("sum what is at risk: %w", err)
	}
	defer rows.Close()
	list, err := readRisks(rows)
	if err != nil {
		return "", false, err
	}
	m.Risk = list.net(a.Pair())
	stop, err := liquidity.AdmitRate(a.Requote, a.Bounds, m)
	return client, stop == "", err
}

func replace(ctx context.Context, tx pgx.Tx, a liquidity.Answer, args pgx.NamedArgs) error {
	if a.Request.Main {
		if _, err := tx.Exec(ctx, answerReplaceLockSQL, args); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, answerReplaceSQL, args)
	return err
}

// answerArgs has no payout where the answer is a refusal.
func (s *Store) answerArgs(a liquidity.Answer) pgx.NamedArgs {
	r := a.Request
	args := pgx.NamedArgs{
		"request_id": r.ID, "swap_id": r.SwapID, "main": r.Main, "order_id": a.OrderID(), "deposit_ids": a.DepositIDs(), "asked": r.Number(),
		"asked_at": r.At, "now": s.now(), "payout_asset": "", "payout": asset.Units{}, "network_fee": asset.Units{},
		"signed_requote": a.Signed, "refused": a.Refused, "offer": a.Offer.Units,
		"available": a.Bounds.Available, "balance_at": a.Bounds.BalanceAt, "pair": "", "deposit": asset.Units{}, "client": "",
	}
	if a.Signed != "" {
		args["payout_asset"], args["payout"], args["network_fee"] = string(a.Requote.Payout.Asset), a.Requote.Payout.Units, a.Requote.NetworkFee.Units
	}
	if a.Signed != "" && a.Detected() {
		args["pair"], args["deposit"] = a.Pair().String(), a.Requote.Deposit.Units
	}
	return args
}
