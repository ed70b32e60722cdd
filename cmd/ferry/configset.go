package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ferry/liquidity/config"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

// proposal is a version that somebody wants to set.
type proposal struct {
	reason, actor string
	// expect is the version that it changes, below 0 for the newest.
	expect int64
	dry    bool
}

// draft makes the document that somebody wants from the newest version, and says which
// version that restores.
type draft func(r *support.Reader, newest config.Version, daemons []support.ConfigDaemon) (next config.Document, restores *int64, err error)

// toDefault is the value that takes a setting back to version 0's.
const toDefault = "default"

// setsMost bounds how many settings one command names.
const setsMost = 200

// set is one setting as it was typed.
type set struct{ pattern, value string }

func parseSets(args []string) ([]set, error) {
	if len(args) == 0 || len(args) > setsMost {
		return nil, usage("1 to %d settings belong here, each as <setting>=<value>; ferry config show --all lists them", setsMost)
	}
	var sets []set
	for _, arg := range args {
		pattern, value, ok := strings.Cut(arg, "=")
		if !ok || pattern == "" {
			return nil, usage("%.80q is no <setting>=<value>", arg)
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, usage("%.80q is no setting: only * stands for others", pattern)
		}
		sets = append(sets, set{pattern, value})
	}
	return sets, nil
}

// applySets is a document with settings changed. A pattern stands for all settings that
// there are; what is no setting at all is kept for the check to name.
func applySets(from config.Document, sets []set, daemons []support.ConfigDaemon) (config.Document, error) {
	next := maps.Clone(from)
	for _, s := range sets {
		paths := []string{s.pattern}
		if strings.Contains(s.pattern, "*") {
			paths = nil
			for _, d := range daemons {
				for known := range d.Defaults {
					if ok, _ := path.Match(s.pattern, known); ok { // its form was checked
						paths = append(paths, known)
					}
				}
			}
			if len(paths) == 0 {
				return nil, fmt.Errorf("nothing was set: %s stands for no setting; ferry config show --all lists them", s.pattern)
			}
		}
		for _, p := range paths {
			if s.value == toDefault {
				delete(next, p)
				continue
			}
			next[p] = s.value
		}
	}
	return next, nil
}

// judge checks the whole configuration that a document makes of each running daemon's
// settings, or, where none runs, of those of the last that did. It returns the document
// with the values that it changes as a daemon writes them. A version that is restored is
// taken as it was stored.
func judge(newest, next config.Document, restored bool, daemons []support.ConfigDaemon) (config.Document, error) {
	if len(daemons) == 0 {
		return nil, errors.New("no liquidityd has said yet which settings there are; start one first")
	}
	running := slices.DeleteFunc(slices.Clone(daemons), func(d support.ConfigDaemon) bool { return d.Silent })
	if len(running) == 0 {
		running = daemons[:1]
	}
	written := maps.Clone(next)
	var known []config.Document
	for _, d := range running {
		known = append(known, d.Defaults)
		base, err := config.Parse(d.Defaults)
		if err != nil {
			return nil, fmt.Errorf("the settings of %s can't be understood: %w", d.Instance, err)
		}
		var state config.State
		if restored {
			state, err = base.With(next)
		} else {
			state, err = base.Written(newest, next)
		}
		if err != nil {
			return nil, fmt.Errorf("%s could not run it:\n%w", d.Instance, err)
		}
		if restored {
			continue
		}
		all := state.Document()
		for p, value := range next {
			stored, was := newest[p]
			if read, ok := all[p]; ok && (!was || stored != value) {
				written[p] = read
			}
		}
	}
	if !restored {
		if err := config.Unheard(newest, next, known); err != nil {
			return nil, err
		}
	}
	return written, nil
}

// stops reports whether all that a document changes is that pairs are stopped, which some
// daemon has.
func stops(newest, next config.Document, daemons []support.ConfigDaemon) bool {
	return slices.ContainsFunc(daemons, func(d support.ConfigDaemon) bool { return config.OnlyStops(newest, next, d.Defaults) })
}

// propose makes a document, checks it, shows what it changes, sets it, and waits for the
// daemons.
func (a *app) propose(ctx context.Context, p proposal, write draft) error {
	if p.actor == "" {
		p.actor = a.userName()
	}
	p.reason, p.actor = strings.TrimSpace(p.reason), strings.TrimSpace(p.actor)
	switch {
	case p.reason == "" || len(p.reason) > maxReason:
		return usage("--reason must say why, in at most %d characters: it is kept on record", maxReason)
	case p.actor == "" || len(p.actor) > maxActor:
		return usage("--actor must say who you are, in at most %d characters", maxActor)
	}
	conn, err := a.access().Operator(ctx)
	if err != nil {
		return err
	}
	return errors.Join(a.proposeOn(ctx, conn, p, write), hangUp(ctx, conn))
}

func (a *app) proposeOn(ctx context.Context, conn *pgx.Conn, p proposal, write draft) error {
	var newest config.Version
	var daemons []support.ConfigDaemon
	var next config.Document
	var restores *int64
	err := support.Read(ctx, conn, a.now(), func(r *support.Reader) (err error) {
		if newest, err = r.ConfigNewest(ctx); err != nil {
			return err
		}
		if daemons, err = r.ConfigDaemons(ctx); err != nil {
			return err
		}
		next, restores, err = write(r, newest, daemons)
		return err
	})
	if err != nil {
		return err
	}
	if p.expect >= 0 && p.expect != newest.Version {
		return fmt.Errorf("nothing was set: the newest version is %d (%s: %s), not %d; look with ferry config diff %d %d",
			newest.Version, newest.Actor, newest.Reason, p.expect, p.expect, newest.Version)
	}
	if next, err = a.judged(newest.Settings, next, restores != nil, daemons); err != nil {
		return err
	}
	changes := config.Diff(newest.Settings, next)
	if len(changes) == 0 {
		return errUnchanged(newest.Version)
	}
	if err := a.show(false, nil, func(page *console.Page) { report.ConfigChanges(page, changes, daemons[0].Defaults) }); err != nil || p.dry {
		return err
	}
	version, err := storeConfig(ctx, conn, newest.Version, next, restores, p)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Version %d, set as %s, on record.\n", version, console.Clean(p.actor))
	return a.awaitConfig(ctx, conn, version)
}

// judged is what judge makes of a document. In an emergency nothing stands in the way: what
// only stops pairs is set even where a daemon can't run the rest of it, which was there before.
func (a *app) judged(newest, next config.Document, restored bool, daemons []support.ConfigDaemon) (config.Document, error) {
	written, err := judge(newest, next, restored, daemons)
	switch {
	case err == nil:
		return written, nil
	case restored || !stops(newest, next, daemons):
		return nil, fmt.Errorf("nothing was set: %w", err)
	}
	return next, a.show(false, nil, func(p *console.Page) {
		p.Text("What stops pairs is done all the same, and the rest is to be mended:")
		for line := range strings.Lines(err.Error()) {
			p.Text("%s", strings.TrimSpace(line))
		}
	})
}

// storeConfig calls the function that records a version and tells of it.
func storeConfig(ctx context.Context, conn *pgx.Conn, expected int64, next config.Document, restores *int64, p proposal) (int64, error) {
	raw, err := json.Marshal(next)
	if err != nil {
		return 0, fmt.Errorf("encode the configuration: %w", err)
	}
	var version int64
	err = conn.QueryRow(ctx, "SELECT liquidity.config_set($1, $2, $3, $4, $5)", expected, string(raw), restores, p.reason, p.actor).Scan(&version)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == "40001":
		return 0, fmt.Errorf("nothing was set: %s (%s); look with ferry config diff, and set it again", refused.Message, refused.Detail)
	case errors.As(err, &refused):
		return 0, fmt.Errorf("nothing was set: %s", refused.Message)
	case err != nil:
		return 0, fmt.Errorf("set the configuration, which may be done (ferry config show): %w", err)
	}
	return version, nil
}
