package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

// awaitConfig waits until every running daemon has taken a version over, or said why it
// can't, and says which it was.
func (a *app) awaitConfig(ctx context.Context, conn *pgx.Conn, version int64) error {
	limit := time.NewTimer(a.patient())
	defer limit.Stop()
	poll := time.NewTicker(staffPoll)
	defer poll.Stop()
	for {
		var running []support.ConfigDaemon
		settled, runs := true, true
		err := support.Read(ctx, conn, a.now(), func(r *support.Reader) error {
			daemons, err := r.ConfigDaemons(ctx)
			for _, d := range daemons {
				if !d.Silent {
					running = append(running, d)
					settled, runs = settled && d.Wanted >= version, runs && d.Version != nil && *d.Version >= version
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		if settled {
			return a.sayConfig(running, version, runs)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is stored and will be taken over: %w", context.Cause(ctx))
		case <-limit.C:
			fmt.Fprintf(a.out, "Not taken over within %s: it is stored and will be.\nLook with: ferry config show\n", a.patient())
			return errSaid
		case <-poll.C:
		}
	}
}

// sayConfig says what the running daemons made of a version.
func (a *app) sayConfig(running []support.ConfigDaemon, version int64, runs bool) error {
	if len(running) == 0 {
		_, err := fmt.Fprintln(a.out, "No liquidityd is running: it is taken over when one starts.")
		return err
	}
	err := a.show(false, nil, func(p *console.Page) {
		for _, d := range running {
			if d.Version != nil && *d.Version >= version {
				p.Text("%s runs it.", d.Instance)
			}
			report.ConfigOf(p, d, version)
		}
	})
	if err == nil && !runs {
		err = errSaid
	}
	return err
}
