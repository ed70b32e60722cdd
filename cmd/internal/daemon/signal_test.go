package daemon

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"ferry/deploy/deployment"
	"ferry/swap"
)

// A SIGHUP has the file read. The signal is the process's: nothing else here may catch it.
func TestSignalReloads(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	if err := f.reload(func(*deployment.Deployment, *deployment.Chain) {}); err != nil {
		t.Fatal(err)
	}
	taken := make(chan swap.DepositRules, 1)
	run := Reload(&Settings{lookup: func(string) (string, bool) { return f.path, true }}, withTier(), f.r.log,
		func(r swap.DepositRules) error { taken <- r; return nil })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-taken:
		if len(r.Tiers) != 0 {
			t.Errorf("taken: %+v", r)
		}
	case <-ctx.Done():
		t.Error("nothing was read")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func withTier() deployment.Deployment {
	d := policy()
	for name, c := range d.Chains {
		tier(&d, &c)
		d.Chains[name] = c
	}
	return d
}
