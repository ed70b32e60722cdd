// Command ferry is how people run and look into Ferry.
//
// Each command has a file of its own; this one has the root, the ends of the
// process, and what commands share. Support's commands read Postgres as a role
// that writes nothing; halt, resume and what staff has done go through functions of the
// database.
// Exit status: 0 done, 1 not found or something needs a person, 2 wrong use.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ferry/cmd/ferry/internal/access"
	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], &app{
		out: os.Stdout, errs: os.Stderr, lookup: os.LookupEnv, now: time.Now, currentUser: user.Current,
		colour: term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "",
	})
	stop()
	os.Exit(code)
}

// app is what a command has of the outside.
type app struct {
	out, errs io.Writer
	lookup    func(name string) (string, bool)
	now       func() time.Time
	// currentUser asks the system who runs this.
	currentUser func() (*user.User, error)
	colour      bool
	root        string // of the cluster: --root
	// patience is how long commands wait for the state machine; staffPatience where zero.
	patience time.Duration
}

// newRoot puts the commands together, one file each.
func newRoot(a *app) *cobra.Command {
	root := group(&cobra.Command{
		Use:   "ferry",
		Short: "Run Ferry, look into it, and help its users",
	})
	root.PersistentFlags().StringVar(&a.root, "root", ".ferry", "folder of the running Ferry")
	root.AddCommand(
		swapCommand(a),
		paymentsCommand(a),
		treasuryCommand(a),
		booksCommand(a),
		statusCommand(a),
		marketCommand(a),
		configCommand(a),
		verifyCommand(a),
		haltCommand(a),
		resumeCommand(a),
		recoverCommand(a),
		demoCommand(a),
		faucetCommand(a),
		migrateCommand(a),
		kafkaCommand(),
	)
	return root
}

// Exit statuses besides 0.
const (
	exitNo    = 1
	exitUsage = 2
)

// errSaid ends a command with exit status 1 after it has said why itself.
var errSaid = errors.New("said already")

// usageError is a command used wrongly.
type usageError struct{ sentence string }

func (e usageError) Error() string { return e.sentence }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// run executes the command line and returns the exit status.
func run(ctx context.Context, args []string, a *app) int {
	root := newRoot(a) //nolint:contextcheck // commands take the context from cobra when they run
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.errs)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage("%v (see %s --help)", err, cmd.CommandPath()) })
	err := root.ExecuteContext(ctx)
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return exitNo
	case errors.As(err, &wrong):
		fmt.Fprintf(a.errs, "ferry: %s\n", console.Lines(wrong.sentence))
		return exitUsage
	}
	fmt.Fprintf(a.errs, "ferry: %s\n", console.Lines(err.Error()))
	return exitNo
}

// capture runs another command line and returns what it printed and its status.
func (a *app) capture(ctx context.Context, args []string) (string, int) {
	var printed strings.Builder
	inner := *a
	inner.out, inner.errs = &printed, &printed
	code := run(ctx, append([]string{"--root", a.root}, args...), &inner)
	return printed.String(), code
}

// group makes a command that only holds others: alone it shows its help, and what
// it does not have is wrong use.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("; did you mean %s?", near[0])
		}
		return usage("%s has no command %q%s (see %s --help)", cmd.CommandPath(), args[0], hint, cmd.CommandPath())
	}
	return c
}

// exactly demands n arguments and says in the command's own words which.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%d arguments where %d belong: use %s", len(args), n, cmd.UseLine())
		}
		return nil
	}
}

func (a *app) access() access.Config { return access.Config{Root: a.root, Lookup: a.lookup} }

// read runs fn on one snapshot, as support.
func (a *app) read(ctx context.Context, fn func(*support.Reader) error) error {
	conn, err := a.access().Support(ctx)
	if err != nil {
		return err
	}
	err = support.Read(ctx, conn, a.now(), fn)
	return errors.Join(err, hangUp(ctx, conn))
}

// hangUp closes a connection also when the command was interrupted.
func hangUp(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return conn.Close(ctx)
}

// show writes the answer as JSON or as a page.
func (a *app) show(asJSON bool, answer any, layout func(*console.Page)) error {
	if asJSON {
		encoder := json.NewEncoder(a.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(answer)
	}
	page := console.New(a.now(), a.colour)
	layout(page)
	_, err := page.WriteTo(a.out)
	return err
}

func jsonFlag(cmd *cobra.Command, into *bool) {
	cmd.Flags().BoolVar(into, "json", false, "write JSON, amounts as strings of base units")
}
