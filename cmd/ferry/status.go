package main

import (
	"github.com/spf13/cobra"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
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
