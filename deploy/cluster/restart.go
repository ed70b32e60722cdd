package cluster

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"ferry/deploy/parts"
)

// Limits of starting a daemon again. The pause doubles from the first to the last
// with each end in a row; a daemon that ran for longer than a while starts afresh.
const (
	restartLeast = 250 * time.Millisecond
	restartMost  = 10 * time.Second
	restartsMost = 30
	restartAfter = time.Minute
)

// restarts is what the cluster remembers of daemons that ended by themselves, and
// how its parts are started again. Its maps are guarded by the cluster's mutex.
type restarts struct {
	ctx     context.Context //nolint:containedctx // the life of the cluster's restarts, ended by Stop
	cancel  context.CancelFunc
	pending *sync.WaitGroup
	inARow  map[string]int
	again   map[string]func(context.Context) (*parts.Process, error)
}

func newRestarts() restarts {
	ctx, cancel := context.WithCancel(context.Background())
	return restarts{ctx: ctx, cancel: cancel, pending: &sync.WaitGroup{}, inARow: map[string]int{},
		again: map[string]func(context.Context) (*parts.Process, error){}}
}

// end stops all that wait to start something, and waits for them.
func (r *restarts) end() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.pending.Wait()
}

// part remembers how a part is started again.
func (c *Cluster) part(name string, again func(context.Context) (*parts.Process, error)) {
	c.again[name] = again
}

// revive starts a daemon again after a pause. It reports whether it will; the
// caller holds the mutex. What becomes of the new process is its own watcher's to see.
func (c *Cluster) revive(name string, p *parts.Process, began time.Time) bool {
	if _, daemon := c.daemons[name]; !daemon || c.config.NoRestart {
		return false
	}
	if time.Since(began) > restartAfter {
		c.inARow[name] = 0
	}
	if c.inARow[name]++; c.inARow[name] > restartsMost {
		return false
	}
	pause := min(restartLeast<<min(c.inARow[name]-1, 16), restartMost)
	c.progress(fmt.Sprintf("%s ended by itself and is started again after %s: %v", name, pause, p.Err()))
	c.pending.Add(1)
	go func() {
		defer c.pending.Done()
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-c.ctx.Done():
			return
		case <-timer.C:
		}
		c.mu.Lock()
		current := c.running[name] == p
		c.mu.Unlock()
		if !current {
			return // killed or started by somebody meanwhile
		}
		if err := c.startDaemon(c.ctx, name); err != nil && c.ctx.Err() == nil {
			c.progress(fmt.Sprintf("%s is not up again: %v", name, err))
		}
	}()
	return true
}

// StopOne ends a daemon or part in an orderly way. It stays down until Restart, and
// its end is not taken for a failure.
func (c *Cluster) StopOne(ctx context.Context, name string) error {
	c.mu.Lock()
	p := c.running[name]
	delete(c.running, name)
	c.mu.Unlock()
	if p == nil {
		return fmt.Errorf("no process %q is running", name)
	}
	return p.Stop(ctx)
}

// Freeze stops a process where it stands, with its connections open (SIGSTOP),
// until Thaw.
func (c *Cluster) Freeze(name string) error { return c.signal(name, syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (c *Cluster) Thaw(name string) error { return c.signal(name, syscall.SIGCONT) }

func (c *Cluster) signal(name string, s syscall.Signal) error {
	c.mu.Lock()
	p := c.running[name]
	c.mu.Unlock()
	if p == nil {
		return fmt.Errorf("no process %q is running", name)
	}
	if err := syscall.Kill(p.PID(), s); err != nil {
		return fmt.Errorf("send %s to %s: %w", s, name, err)
	}
	return nil
}
