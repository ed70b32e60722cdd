package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"

	"github.com/jackc/pgx/v5"
)

// partLabel is the CPU profile's label for the part that a goroutine works for.
const partLabel = "part"

// shares finds out which part uses how much CPU: ours by a profile whose samples
// carry the part's name, PostgreSQL's by the processes that serve its connections.
type shares struct {
	env     *Env
	conn    *pgx.Conn
	profile *os.File
	before  usage
	// backends is each connection's process: CPU seconds so far.
	backends map[int]float64
	// code is what each part of our code has used, in seconds; known after stop.
	code map[string]float64
}

// startShares begins a profile, which is kept under a name.
func startShares(ctx context.Context, env *Env, name string) (s *shares, err error) {
	s = &shares{env: env}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.conn, err = pgx.Connect(ctx, env.url()); err != nil {
		return s, fmt.Errorf("connect: %w", err)
	}
	if s.profile, err = os.Create(filepath.Join(env.Out, name+".pprof")); err != nil {
		return s, fmt.Errorf("make the profile's file: %w", err)
	}
	if s.backends, err = backendTimes(env); err != nil {
		return s, err
	}
	if s.before, err = env.cpu(); err != nil {
		return s, err
	}
	if err := pprof.StartCPUProfile(s.profile); err != nil {
		return s, fmt.Errorf("start the profile: %w", err)
	}
	return s, nil
}

func backendTimes(env *Env) (map[int]float64, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	times := map[int]float64{}
	for _, p := range all {
		if p.parent == env.postgresPID {
			times[p.pid] = p.own
		}
	}
	return times, nil
}

// stop ends the profile and says in lines who used what for n operations.
func (s *shares) stop(ctx context.Context, n int) (usage, []string, error) {
	pprof.StopCPUProfile()
	after, err := s.env.cpu()
	if err != nil {
		return usage{}, nil, err
	}
	used := after.minus(s.before)
	now, err := backendTimes(s.env)
	if err != nil {
		return used, nil, err
	}
	database, err := s.byPart(ctx, now)
	if err != nil {
		return used, nil, err
	}
	database["server"] = max(used.postgres-sum(database), 0)
	raw, err := os.ReadFile(s.profile.Name())
	if err != nil {
		return used, nil, fmt.Errorf("read the profile: %w", err)
	}
	code, err := profileShares(raw)
	if err != nil {
		return used, nil, err
	}
	code["Go runtime and unnamed"] = code[""]
	delete(code, "")
	scale := used.self / max(sum(code), 1e-9) // a profile counts samples, the kernel time
	s.code = map[string]float64{}
	for part, seconds := range code {
		s.code[part] = scale * seconds
	}
	total := used.total()
	lines := []string{fmt.Sprintf("CPU per swap %.1f ms: our code %.0f %%, PostgreSQL %.0f %%, Kafka %.0f %%", 1000*total/float64(n),
		100*used.self/total, 100*used.postgres/total, 100*used.kafka/total),
		"our code, of all CPU: " + ranked(s.code, total),
		"PostgreSQL, of all CPU: " + ranked(database, total), "the profile is " + s.profile.Name()}
	return used, lines, nil
}

// byPart adds up the processes of each part's connections.
func (s *shares) byPart(ctx context.Context, now map[int]float64) (map[string]float64, error) {
	rows, err := s.conn.Query(ctx, "SELECT pid, application_name FROM pg_stat_activity WHERE application_name <> '' AND backend_type = 'client backend'")
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	parts := map[string]float64{}
	var pid int
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&pid, &name}, func() error {
		parts[name] += now[pid] - s.backends[pid]
		return nil
	}); err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return parts, nil
}

func (s *shares) close(ctx context.Context) error {
	pprof.StopCPUProfile() // does nothing if it was stopped
	var errs []error
	if s.profile != nil {
		errs = append(errs, s.profile.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}

func sum(m map[string]float64) float64 {
	var total float64
	for _, v := range m {
		total += v
	}
	return total
}

// ranked lists shares of a total, the largest first, as "swapd 12 %, …"; those
// below half a percent are left out.
func ranked(m map[string]float64, total float64) string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	text := ""
	for _, name := range names {
		if share := 100 * m[name] / total; share >= 0.5 {
			text += fmt.Sprintf(", %s %.0f %%", name, share)
		}
	}
	if text == "" {
		return "too little to tell"
	}
	return text[2:]
}
