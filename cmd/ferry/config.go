package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ferry/liquidity/config"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

func configCommand(a *app) *cobra.Command {
	cmd := group(&cobra.Command{Use: "config", Short: "What liquidityd prices, promises and hedges by, changed while it runs"})
	cmd.AddCommand(configShow(a), configSet(a), configDiff(a), configHistory(a), configRollback(a))
	return cmd
}

func configShow(a *app) *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "The newest version and which each daemon runs; exit status 1 if one does not run it",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var c report.Config
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				if c.Newest, err = r.ConfigNewest(cmd.Context()); err != nil {
					return err
				}
				c.Daemons, err = r.ConfigDaemons(cmd.Context())
				return err
			})
			if err != nil {
				return err
			}
			if len(c.Daemons) > 0 {
				c.Defaults = c.Daemons[0].Defaults
			}
			if err := a.show(asJSON, c, func(p *console.Page) { report.ShowConfig(p, c, all) }); err != nil {
				return err
			}
			for _, d := range c.Daemons {
				if !d.Silent && !d.Runs(c.Newest.Version) {
					return errSaid
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every setting there is, not only what differs from version 0")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func configDiff(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff [from] [to]",
		Short: "What differs between two versions: the newest and the one before, or these",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage("%d arguments where at most 2 belong: use %s", len(args), cmd.UseLine())
			}
			var numbers []int64
			for _, text := range args {
				n, err := parseVersion(text)
				if err != nil {
					return err
				}
				numbers = append(numbers, n)
			}
			var from, to config.Version
			var defaults config.Document
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				if defaults, err = configDefaults(cmd, r); err != nil {
					return err
				}
				from, to, err = configPair(cmd, r, numbers)
				return err
			})
			if err != nil {
				return err
			}
			changes := config.Diff(from.Settings, to.Settings)
			return a.show(asJSON, changes, func(p *console.Page) {
				p.Title("From version %d to %d: %d settings", from.Version, to.Version, len(changes))
				if len(changes) > 0 {
					report.ConfigChanges(p, changes, defaults)
				}
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// configPair reads the versions that are compared: to the newest where only one is named.
func configPair(cmd *cobra.Command, r *support.Reader, numbers []int64) (from, to config.Version, err error) {
	if len(numbers) == 2 {
		to, err = r.ConfigVersion(cmd.Context(), numbers[1])
	} else {
		to, err = r.ConfigNewest(cmd.Context())
	}
	if err != nil {
		return from, to, err
	}
	before := max(to.Version-1, 0)
	if len(numbers) > 0 {
		before = numbers[0]
	}
	from, err = r.ConfigVersion(cmd.Context(), before)
	return from, to, err
}

// configDefaults are version 0's values as the daemon that was heard of last has them.
func configDefaults(cmd *cobra.Command, r *support.Reader) (config.Document, error) {
	daemons, err := r.ConfigDaemons(cmd.Context())
	if err != nil || len(daemons) == 0 {
		return nil, err
	}
	return daemons[0].Defaults, nil
}

// historyMost bounds how many versions are listed.
const historyMost = 1000

func configHistory(a *app) *cobra.Command {
	var asJSON bool
	most := 20
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Who set what when, and why",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if most < 1 || most > historyMost {
				return usage("--most must be 1 to %d", historyMost)
			}
			var list []config.Version
			var more bool
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				list, more, err = r.ConfigVersions(cmd.Context(), most)
				return err
			})
			if err != nil {
				return err
			}
			return a.show(asJSON, list, func(p *console.Page) { report.ConfigHistory(p, list, more) })
		},
	}
	cmd.Flags().IntVar(&most, "most", most, "how many versions, the newest first")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// parseVersion reads a version's number.
func parseVersion(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, usage("%.40q is no version: they are numbered from 0; ferry config history lists them", text)
	}
	return n, nil
}

func configRollback(a *app) *cobra.Command {
	var p proposal
	cmd := &cobra.Command{
		Use:   "rollback <version> --reason <why>",
		Short: "Set a new version that equals an old one; 0 is what the deployment's file says",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := parseVersion(args[0])
			if err != nil {
				return err
			}
			return a.propose(cmd.Context(), p, func(r *support.Reader, _ config.Version, _ []support.ConfigDaemon) (config.Document, *int64, error) {
				old, err := r.ConfigVersion(cmd.Context(), version)
				return old.Settings, &version, err
			})
		},
	}
	p.flags(cmd)
	return cmd
}

func configSet(a *app) *cobra.Command {
	var p proposal
	cmd := &cobra.Command{
		Use:   "set <setting>=<value> ... --reason <why>",
		Short: "Set a new version with these settings changed; a setting's value default is version 0's",
		Long: `Set a new version with these settings changed, all of them or none.

  pairs.BTC-ETH.stopped="Maintenance until noon."   users read why; empty opens it
  pairs.*.spread_bps=30                             a * stands for all
  venues.kraken.on=false   venues.kraken.instruments=ETH-BTC,LTC-BTC
  hedging.ETH.early_from=none   never; amounts of hedging are in coins of what is hedged
  limits.lock_seconds=default

ferry config show --all lists every setting.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			sets, err := parseSets(args)
			if err != nil {
				return err
			}
			return a.propose(cmd.Context(), p, func(_ *support.Reader, newest config.Version, daemons []support.ConfigDaemon) (config.Document, *int64, error) {
				next, err := applySets(newest.Settings, sets, daemons)
				return next, nil, err
			})
		},
	}
	p.flags(cmd)
	return cmd
}

// flags are those of every command that sets a version.
func (p *proposal) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.reason, "reason", "", "why, for the record")
	cmd.Flags().StringVar(&p.actor, "actor", "", "who, for the record (default $USER, or the system's name of the user)")
	cmd.Flags().Int64Var(&p.expect, "expect", -1, "the version that is to be changed; refused if somebody has set another (default the newest)")
	cmd.Flags().BoolVar(&p.dry, "dry-run", false, "check it and show what would change, and set nothing")
}

// errUnchanged is a version that would set nothing new.
func errUnchanged(version int64) error {
	return fmt.Errorf("nothing was set: version %d says all that already", version)
}
