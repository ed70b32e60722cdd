package parts

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"
)

// groupLimit bounds the wait for killed processes to be gone; the kernel ends them as soon as it runs them.
const groupLimit = 5 * time.Second

// endGroup kills what a dead leader left behind in its process group and waits until it is gone. PostgreSQL's backends
// need the wait: while one of them still ends, a new server finds the old shared memory in use and refuses to start. The
// leader must not be reaped yet, so that its pid still names the group.
func endGroup(leader int) {
	if err := syscall.Kill(-leader, syscall.SIGKILL); err != nil {
		return // nothing is left
	}
	limit := time.NewTimer(groupLimit)
	defer limit.Stop()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for groupAlive(leader) {
		select {
		case <-poll.C:
		case <-limit.C:
			return // one that the kernel cannot end now (it waits for a disk): whoever needs what it holds will say so
		}
	}
}

// groupAlive tells whether the group has a member that is neither its leader nor a zombie. Orphans are reaped by whoever
// inherits them, which may be never in a container, so zombies cannot be waited for.
func groupAlive(leader int) bool {
	folder, err := os.Open("/proc")
	if err != nil {
		return false
	}
	names, err := folder.Readdirnames(-1)
	if err := errors.Join(err, folder.Close()); err != nil {
		return false
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == leader {
			continue
		}
		fields, err := processFields(pid)
		if err == nil && fields.group == leader && !fields.dead {
			return true
		}
	}
	return false
}
