package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/swap/asset"
)

// itself is the actor of what the daemon does on its own.
const itself = "hotwalletd"

// Stop halts the chain's payments on the daemon's own account and reports
// whether they ran before. A chain that is halted already keeps its reason.
func (s *Store) Stop(ctx context.Context, reason string) (stopped bool, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		stopped, err = s.halt(ctx, tx, itself, reason)
		return err
	})
	return stopped, err
}

// failClosed halts payments if err means that a block and our rows contradict each
// other. Trying again will not help, and until a person has looked nobody knows
// what is ours. It returns err, with what kept it from halting.
func (s *Store) failClosed(ctx context.Context, err error) error {
	for _, contradiction := range []error{ErrState, ErrInvariant, ErrEntryExists} {
		if !errors.Is(err, contradiction) {
			continue
		}
		halted, stopErr := s.Stop(ctx, err.Error())
		if halted {
			s.config.Log.Error("a block contradicts our rows; payments are halted", "chain", s.chain, "error", err)
		}
		return errors.Join(err, stopErr)
	}
	return err
}

// halt is Stop for any actor within a transaction.
func (s *Store) halt(ctx context.Context, tx pgx.Tx, actor, reason string) (bool, error) {
	return s.haltChain(ctx, tx, s.chain, actor, reason)
}

// haltChain is halt for any chain: all chains' hot wallets share the schema.
func (s *Store) haltChain(ctx context.Context, tx pgx.Tx, name asset.Chain, actor, reason string) (bool, error) {
	tag, err := tx.Exec(ctx, haltSQL, name, reason, actor)
	if err != nil {
		return false, fmt.Errorf("halt %s: %w", name, err)
	}
	if tag.RowsAffected() == 0 {
		return false, nil
	}
	return true, s.staffAction(ctx, tx, actor, "halt", string(name), reason)
}

// staffAction records what a person, or an alarm acting for one, did or has to
// look at.
func (s *Store) staffAction(ctx context.Context, tx pgx.Tx, actor, action, target, reason string) error {
	if _, err := tx.Exec(ctx, staffActionSQL, actor, action, target, reason); err != nil {
		return fmt.Errorf("record %s of %s: %w", action, target, err)
	}
	return nil
}

// Alarm records something that a person has to look at and that is no reason to
// halt. It reports whether it is new: the same reason twice in a row is one alarm.
func (s *Store) Alarm(ctx context.Context, alarm, reason string) (fresh bool, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, alarmSQL, itself, alarm, s.chain, reason)
		fresh = err == nil && tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("record %s of %s: %w", alarm, s.chain, err)
	}
	return fresh, nil
}
