package signer

import (
	"fmt"
	"log/slog"

	"golang.org/x/sys/unix"
)

// harden keeps the process's memory out of core dumps, debuggers and swap.
// Core dumps and debuggers are forbidden or it is an error. Locking memory is
// best effort: where the limit is finite it is left alone, because a later
// mapping above the limit would end the process.
func harden(log *slog.Logger) error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid dumps of memory: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	refused := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return fmt.Errorf("read the limit on locked memory: %w", err)
	}
	if limit.Cur != unix.RLIM_INFINITY {
		log.Warn("memory is not locked and may be swapped out: the limit on locked memory is finite",
			"limit_bytes", limit.Cur, "error", refused)
		return nil
	}
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		log.Warn("memory is not locked and may be swapped out", "error", err)
	}
	return nil
}
