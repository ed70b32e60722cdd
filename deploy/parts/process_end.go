package parts

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// PID is the child's process id. It means nothing once Done is closed.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended and was reaped.
func (p *Process) Done() <-chan struct{} { return p.ended }

// Err is nil while the child runs and after it ended cleanly because it was asked to; otherwise it says how it ended, with
// the last lines of its log.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result
}

// Stop asks the child to end and waits for it: with its stop signal first, with SIGKILL after its limit or when ctx ends.
// It is nil if the child ended cleanly, and also if it had been stopped before.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.signal(p.cfg.StopSignal, false); err != nil {
		return err
	}
	limit := time.NewTimer(p.cfg.StopLimit)
	defer limit.Stop()
	select {
	case <-p.ended:
		return p.Err()
	case <-limit.C:
		return errors.Join(fmt.Errorf("%s did not stop within %s and was killed", p.cfg.Name, p.cfg.StopLimit), p.Kill())
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s had not stopped when the wait for it ended, and was killed: %w", p.cfg.Name, context.Cause(ctx)), p.Kill())
	}
}

// Kill ends the child and its whole group with SIGKILL and waits for it. Chain nodes lose blocks by it; see the package's
// documentation.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL, true); err != nil {
		return err
	}
	<-p.ended // bounded: nothing survives SIGKILL
	return p.Err()
}

// signal reaches the child, or its group, unless it was reaped already.
func (p *Process) signal(s syscall.Signal, group bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return nil
	}
	p.asked = true
	pid := p.cmd.Process.Pid
	if group {
		pid = -pid
	}
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("sending %s to %s: %w", s, p.cfg.Name, err)
	}
	return nil
}

// explain turns what Wait answered into the process's result. Dying of a signal is clean when it was asked for: a program
// without a handler ends that way.
func (p *Process) explain(err error) error {
	var exit *exec.ExitError
	if p.asked && (err == nil || errors.As(err, &exit) && (exit.ExitCode() == -1 || exit.ExitCode() == p.cfg.StopsStatus)) {
		return nil
	}
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	tail := p.log.tail()
	if tail == "" {
		return fmt.Errorf("%s stopped with %s; its log is empty (%s)", p.cfg.Name, how, p.cfg.LogFile)
	}
	return fmt.Errorf("%s stopped with %s; the last lines of its log (%s):\n%s", p.cfg.Name, how, p.cfg.LogFile, tail)
}

// runToEnd runs a program that does its work and ends, and fails unless it does so with status 0 within the limit.
func runToEnd(ctx context.Context, limit time.Duration, cfg ProcessConfig) error {
	p, err := StartProcess(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %s", limit))
	defer cancel()
	select {
	case <-p.Done():
		if p.cmd.ProcessState.Success() {
			return nil
		}
		return p.Err()
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("running %s: %w", cfg.Name, context.Cause(ctx)), p.Kill())
	}
}
