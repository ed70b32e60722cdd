package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"ferry/swap/asset"

	"ferry/deploy/deployment"

	"ferry/cmd/ferry/internal/support"
)

// recoverEach is how often a recovery's progress is shown.
const recoverEach = 2 * time.Second

// recoverOrder is what an operator says of a recovery, as flags.
type recoverOrder struct {
	reason, actor string
	highest, gap  int32
	birth, until  int64
	detach        bool
}

func recoverCommand(a *app) *cobra.Command {
	var o recoverOrder
	cmd := &cobra.Command{
		Use:   "recover <chain> [--reason <why>]",
		Short: "Rebuild a chain's hot wallet from the chain itself, or show how far that is",
		Long: "With --reason, orders it: every hotwalletd has to be stopped, and carries it out when it\n" +
			"is started. The chain's payments stand still until ferry resume. Without --reason,\n" +
			"follows the recovery that is under way. docs/operations.md has all steps.",
		Example: "  ferry recover bitcoin --reason \"the disk is gone\"                  attestd's memory is there\n" +
			"  ferry recover bitcoin --highest 1234 --reason \"both disks are gone\"  after attestd raise bitcoin 1234\n" +
			"  ferry recover bitcoin                                              how far it is",
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, err := parseChain(args[0])
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("reason") {
				return a.followRecovery(cmd.Context(), chain, o.detach)
			}
			return a.orderRecovery(cmd.Context(), chain, o)
		},
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for the record; orders the recovery")
	cmd.Flags().StringVar(&o.actor, "actor", "", "who, for the record (default $USER, or the system's name of the user)")
	cmd.Flags().Int32Var(&o.highest, "highest", -1, "highest deposit index ever issued, where attestd's memory is lost or older; -1: attestd knows")
	cmd.Flags().Int32Var(&o.gap, "gap", 20, "how many indices beyond it are burnt as well, at most 500")
	cmd.Flags().Int64Var(&o.birth, "birth", 0, "block with nothing of ours in it or below; 0: the deployment's birth_height")
	cmd.Flags().Int64Var(&o.until, "until", 0, "last block in which payments nobody knows are ours; 0: the node's tip when hotwalletd starts")
	cmd.Flags().BoolVar(&o.detach, "once", false, "show how far it is and end")
	return cmd
}

func (o *recoverOrder) check() error {
	o.reason, o.actor = strings.TrimSpace(o.reason), strings.TrimSpace(o.actor)
	switch {
	case o.reason == "" || len(o.reason) > maxReason:
		return usage("--reason must say why, in at most %d characters: it is kept on record", maxReason)
	case o.actor == "" || len(o.actor) > maxReason:
		return usage("--actor must say who you are: neither $USER nor the system knows")
	case o.highest < -1:
		return usage("--highest must be an index, or -1 where attestd knows")
	case o.gap < 0 || o.gap > 500:
		return usage("--gap must be 0 to 500")
	case o.birth < 0 || o.until < 0:
		return usage("--birth and --until are heights of blocks")
	}
	return nil
}

// orderRecovery stores the order, for hotwalletd to carry out.
func (a *app) orderRecovery(ctx context.Context, chain asset.Chain, o recoverOrder) error {
	if o.actor == "" {
		o.actor = a.userName()
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.birth == 0 {
		height, err := a.birthHeight(chain)
		if err != nil {
			return err
		}
		o.birth = height
	}
	conn, err := a.access().Operator(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT hotwallet.begin_recovery($1, $2, $3, nullif($4, 0)::bigint, nullif($5, 0)::bigint, $6, $7)",
		chain, o.highest, o.gap, o.birth, o.until, o.reason, o.actor)
	if err := errors.Join(err, hangUp(ctx, conn)); err != nil {
		return fmt.Errorf("order the recovery of %s: %w", chain, err)
	}
	_, err = fmt.Fprintf(a.out, "The recovery of %s is ordered and its payments are halted.\n"+
		"Start hotwalletd: it reads the chain again. Follow it with ferry recover %s.\n"+
		"In the end compare ferry books and ferry treasury balances, then ferry resume %s.\n", chain, chain, chain)
	return err
}

// birthHeight is the deployment's, 0 where none is named or set.
func (a *app) birthHeight(chain asset.Chain) (int64, error) {
	path, err := a.access().Deployment()
	if err != nil || path == "" {
		return 0, err
	}
	d, err := deployment.Load(path)
	if err != nil {
		return 0, err
	}
	return d.Chains[chain].BirthHeight, nil
}

// followRecovery shows how far it is until it has ended.
func (a *app) followRecovery(ctx context.Context, chain asset.Chain, once bool) error {
	conn, err := a.access().Support(ctx)
	if err != nil {
		return err
	}
	return errors.Join(a.follow(ctx, conn, chain, once), hangUp(ctx, conn))
}

func (a *app) follow(ctx context.Context, conn *pgx.Conn, chain asset.Chain, once bool) error {
	ticker := time.NewTicker(recoverEach)
	defer ticker.Stop()
	var last support.Recovery
	for looked := time.Now(); ; {
		var r support.Recovery
		var found bool
		err := support.Read(ctx, conn, a.now(), func(reader *support.Reader) (err error) {
			r, found, err = reader.Recovery(ctx, chain)
			return err
		})
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("no recovery of %s was ever ordered", chain)
		}
		var blocks int64
		if last.Height != nil && r.Height != nil {
			blocks = *r.Height - *last.Height
		}
		if _, err := fmt.Fprintln(a.out, r.Sentence(blocks, time.Since(looked))); err != nil {
			return err
		}
		if r.FinishedAt != nil || once {
			return nil
		}
		last, looked = r, time.Now()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
