package parts

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// probeLimit bounds one attempt to reach a part that is starting.
const probeLimit = 5 * time.Second

// waitReady returns nil once probe does. It fails, and stops the process, when the process ends first, when limit has
// passed or when ctx ends.
func waitReady(ctx context.Context, p *Process, limit time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not ready within %s", limit))
	defer cancel()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		once, cancelOnce := context.WithTimeout(ctx, probeLimit)
		err := probe(once)
		cancelOnce()
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			if err := p.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%s was stopped while it was starting", p.cfg.Name)
		case <-ctx.Done():
			gaveUp := fmt.Errorf("starting %s: %w (last answer: %w)", p.cfg.Name, context.Cause(ctx), err)
			if tail := p.log.tail(); tail != "" {
				gaveUp = fmt.Errorf("%w; the last lines of its log:\n%s", gaveUp, tail)
			}
			return errors.Join(gaveUp, p.Stop(context.WithoutCancel(ctx)))
		case <-poll.C:
		}
	}
}
