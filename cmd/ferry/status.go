package main

import (
	"context"

	"github.com/spf13/cobra"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
	"ferry/deploy/cluster"
)

func statusCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "How Ferry stands; exit status 1 if something needs a person",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var status support.Status
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				status, err = r.Status(cmd.Context())
				return err
			})
			if err != nil {
				return err
			}
			endpoints, err := a.access().Admin()
			if err != nil {
				return err
			}
			status.AskDaemons(cmd.Context(), endpoints, notReady)
			err = a.show(asJSON, status, func(p *console.Page) { report.Status(p, status) })
			if err == nil && len(status.Needs) > 0 {
				return errSaid
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// notReady asks a daemon what keeps it from being ready, "" if nothing does.
func notReady(ctx context.Context, address string) (string, error) {
	r, err := cluster.AskReady(ctx, address)
	if err != nil {
		return "", err
	}
	if reason := r.Failing(); reason != "" || r.Ready {
		return reason, nil
	}
	return "it does not say why", nil
}
