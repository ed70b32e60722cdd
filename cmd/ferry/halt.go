package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
)

// maxReason bounds what is written into the record, in bytes.
const maxReason = 500

func haltCommand(a *app) *cobra.Command {
	return operatorCommand(a, "halt <chain>", "Stop all payments of a chain; its deposits are watched all the same",
		func(ctx context.Context, conn *pgx.Conn, chain asset.Chain, reason, actor string) error {
			var ours bool
			err := conn.QueryRow(ctx, "SELECT hotwallet.set_halt($1, $2, $3)", chain, reason, actor).Scan(&ours)
			if err != nil {
				return fmt.Errorf("halt %s: %w", chain, err)
			}
			if !ours {
				return a.alreadyHalted(ctx, conn, chain)
			}
			_, err = fmt.Fprintf(a.out, "%s is halted: no payment is planned, signed or sent until ferry resume %s.\n", chain, chain)
			return err
		})
}

func resumeCommand(a *app) *cobra.Command {
	return operatorCommand(a, "resume <chain>", "Let the payments of a halted chain go on",
		func(ctx context.Context, conn *pgx.Conn, chain asset.Chain, reason, actor string) error {
			var resumed bool
			err := conn.QueryRow(ctx, "SELECT hotwallet.clear_halt($1, $2, $3)", chain, reason, actor).Scan(&resumed)
			if err != nil {
				return fmt.Errorf("resume %s: %w", chain, err)
			}
			if !resumed {
				return fmt.Errorf("%s is not halted: nothing was changed", chain)
			}
			_, err = fmt.Fprintf(a.out, "%s is resumed: its payments go on.\n", chain)
			return err
		})
}

// alreadyHalted says whose halt stands: the first reason is kept, the second is on record.
func (a *app) alreadyHalted(ctx context.Context, conn *pgx.Conn, chain asset.Chain) error {
	var reason, actor string
	err := conn.QueryRow(ctx, "SELECT reason, actor FROM hotwallet.halt WHERE chain = $1", chain).Scan(&reason, &actor)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s was halted by somebody else and has been resumed meanwhile: halt it again if it must stand still", chain)
	}
	if err != nil {
		return fmt.Errorf("read the halt of %s: %w", chain, err)
	}
	_, err = fmt.Fprintf(a.out, "%s was halted already by %s: %s\nYour reason is on record.\n",
		chain, console.Clean(actor), console.Clean(reason))
	return err
}

func operatorCommand(a *app, use, short string,
	act func(ctx context.Context, conn *pgx.Conn, chain asset.Chain, reason, actor string) error) *cobra.Command {
	var reason, actor string
	cmd := &cobra.Command{
		Use:   use + " --reason <why>",
		Short: short,
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, err := parseChain(args[0])
			if err != nil {
				return err
			}
			if actor == "" {
				actor = a.userName()
			}
			reason, actor = strings.TrimSpace(reason), strings.TrimSpace(actor)
			switch {
			case reason == "" || len(reason) > maxReason:
				return usage("--reason must say why, in at most %d characters: it is kept on record", maxReason)
			case actor == "" || len(actor) > maxReason:
				return usage("--actor must say who you are: neither $USER nor the system knows")
			}
			conn, err := a.access().Operator(cmd.Context())
			if err != nil {
				return err
			}
			err = act(cmd.Context(), conn, chain, reason, actor)
			return errors.Join(err, hangUp(cmd.Context(), conn))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record and for everybody who looks")
	cmd.Flags().StringVar(&actor, "actor", "", "who, for the record (default $USER, or the system's name of the user)")
	return cmd
}

// userName is $USER, or what the system calls the user; "" where neither knows.
func (a *app) userName() string {
	if name, _ := a.lookup("USER"); name != "" {
		return name
	}
	current, err := a.currentUser()
	if err != nil {
		return ""
	}
	return current.Username
}
