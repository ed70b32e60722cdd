package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"ferry/swap"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// maxActor and maxDeposit bound an actor's name and a deposit's id, in bytes.
const (
	maxActor   = 100
	maxDeposit = 200
)

// staffCommands are what members of staff can have done with a swap. Each is stored for
// the record and told to the state machine, which alone decides; nothing edits a row.
func staffCommands(a *app) []*cobra.Command {
	return []*cobra.Command{
		staffCommand(a, "refund", swap.StaffRefund, "Refund what waits for a price or an answer"),
		staffCommand(a, "requote", swap.StaffRequote, "Ask for a price again for what waits for an answer"),
		staffCommand(a, "release", swap.StaffRelease, "End a hold: the swap goes to where its payments stand"),
		staffCommand(a, "retry", swap.StaffRetry, "Try again what could not be done"),
		staffCommand(a, "write-off", swap.StaffWriteOff, "Give up on a deposit that nobody says where to refund; it stays in the books"),
		staffCommand(a, "note", swap.StaffNote, "Put a note into the timeline; nothing is changed"),
		approveCommand(a),
	}
}

func staffCommand(a *app, name string, action swap.StaffAction, short string) *cobra.Command {
	var reason, actor, deposit string
	cmd := &cobra.Command{
		Use:   name + " <swap id> --reason <why>",
		Short: short,
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			fact := swap.StaffFact{RequestID: swap.NewID(swap.StaffPrefix, a.now()), Action: action, DepositID: deposit}
			var err error
			if fact.Actor, fact.Reason, err = a.who(args[0], actor, reason, true); err != nil {
				return err
			}
			if len(deposit) > maxDeposit {
				return usage("--deposit is a deposit's id, such as bitcoin:<txid>:0; ferry swap show %s lists them", args[0])
			}
			return a.staff(cmd.Context(), args[0], fact)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record and for everybody who looks")
	cmd.Flags().StringVar(&actor, "actor", "", "who, for the record (default $USER, or the system's name of the user)")
	cmd.Flags().StringVar(&deposit, "deposit", "", "only what this deposit is about, by its id")
	return cmd
}

func approveCommand(a *app) *cobra.Command {
	var reason, actor string
	cmd := &cobra.Command{
		Use:   "approve <swap id> <request id>",
		Short: "Agree to what another member of staff asked for",
		Args:  exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !swap.ValidID(swap.StaffPrefix, args[1]) {
				return usage("%.80q is no request id (%s_ and 26 characters): ferry swap show %.80s lists what waits", args[1], swap.StaffPrefix, args[0])
			}
			fact := swap.StaffFact{RequestID: args[1]}
			var err error
			if fact.Actor, fact.Reason, err = a.who(args[0], actor, reason, false); err != nil {
				return err
			}
			return a.staff(cmd.Context(), args[0], fact)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record, if there is more to say")
	cmd.Flags().StringVar(&actor, "actor", "", "who, for the record (default $USER, or the system's name of the user)")
	return cmd
}

// who checks what every command of staff needs, and returns actor and reason.
func (a *app) who(swapID, actor, reason string, must bool) (string, string, error) {
	if actor == "" {
		actor = a.userName()
	}
	reason, actor = strings.TrimSpace(reason), strings.TrimSpace(actor)
	switch {
	case !swap.ValidID(swap.SwapPrefix, swapID):
		return "", "", usage("%.80q is no swap id (%s_ and 26 characters); look for other texts with ferry swap find", swapID, swap.SwapPrefix)
	case must && reason == "" || len(reason) > maxReason:
		return "", "", usage("--reason must say why, in at most %d characters: it is kept on record", maxReason)
	case actor == "" || len(actor) > maxActor:
		return "", "", usage("--actor must say who you are, in at most %d characters", maxActor)
	}
	return actor, reason, nil
}

// staff stores what was asked and waits for what the state machine makes of it.
func (a *app) staff(ctx context.Context, swapID string, fact swap.StaffFact) error {
	conn, err := a.access().Operator(ctx)
	if err != nil {
		return err
	}
	return errors.Join(a.askAndWait(ctx, conn, swapID, fact), hangUp(ctx, conn))
}

func (a *app) askAndWait(ctx context.Context, conn *pgx.Conn, swapID string, fact swap.StaffFact) error {
	if err := tellStaff(ctx, conn, swapID, fact); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Asked as %s, on record: %s of %s", console.Clean(fact.Actor), verb(fact.Action), swapID)
	if fact.DepositID != "" {
		fmt.Fprintf(a.out, ", deposit %s", console.Clean(fact.DepositID))
	}
	fmt.Fprintf(a.out, "\n  request %s\n", fact.RequestID)
	outcome, err := a.awaitOutcome(ctx, conn, swapID, fact)
	if err != nil {
		return err
	}
	return a.sayOutcome(swapID, fact, outcome)
}

// tellStaff calls the function that records it and tells the state machine.
func tellStaff(ctx context.Context, conn *pgx.Conn, swapID string, fact swap.StaffFact) error {
	var err error
	if fact.Action == "" {
		_, err = conn.Exec(ctx, "SELECT swap.staff_approve($1, $2, $3, $4)", fact.RequestID, swapID, fact.Reason, fact.Actor)
	} else {
		_, err = conn.Exec(ctx, "SELECT swap.staff_ask($1, $2, $3, $4, $5, $6)",
			fact.RequestID, swapID, fact.Action, fact.DepositID, fact.Reason, fact.Actor)
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return fmt.Errorf("nothing was done: %s", refused.Message)
	}
	if err != nil {
		return fmt.Errorf("tell the state machine: %w", err)
	}
	return nil
}

// sayOutcome says what was done, or why not, or what it takes.
func (a *app) sayOutcome(swapID string, fact swap.StaffFact, o support.Outcome) error {
	switch {
	case !o.Decided && o.Parked != "":
		fmt.Fprintf(a.out, "Not done yet: the fact is parked, because: %s\n", console.Clean(o.Parked))
		return errSaid
	case !o.Decided:
		fmt.Fprintf(a.out, "Not decided within %s: it is stored and will be, as soon as swapd runs.\nLook with: ferry swap show %s\n", a.patient(), swapID)
		return errSaid
	}
	fmt.Fprintf(a.out, "%s\nThe swap is %s, version %d.\n", console.Clean(o.Note), o.State, o.Version)
	if o.Pending {
		fmt.Fprintf(a.out, "A second member of staff must agree with:\n  ferry swap approve %s %s\n", swapID, fact.RequestID)
	}
	if o.Refused() {
		return errSaid
	}
	return nil
}

func verb(action swap.StaffAction) string {
	if action == "" {
		return "approval of a request"
	}
	return strings.ReplaceAll(string(action), "_", "-")
}
