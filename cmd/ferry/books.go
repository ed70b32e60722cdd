package main

import (
	"github.com/spf13/cobra"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

func booksCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "books",
		Short: "Trial balance of both books; exit status 1 if anything is off",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var books support.Books
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				books, err = r.Books(cmd.Context())
				return err
			})
			if err != nil {
				return err
			}
			err = a.show(asJSON, books, func(p *console.Page) { report.Books(p, books) })
			if err == nil && !books.Balanced() {
				return errSaid
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}
