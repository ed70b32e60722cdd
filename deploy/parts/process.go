package parts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// defaultStopLimit is how long a stopped process may take before it is killed.
const defaultStopLimit = 30 * time.Second

// ProcessConfig says what to run and as whom.
type ProcessConfig struct {
	Name string   // for messages: "btcd", "swapd"
	Path string   // the program, absolute
	Args []string // without the program's name
	// Env is the whole environment ("KEY=value"). Nil means PATH, HOME, TMPDIR and LANG of the supervisor and no more, so
	// that a secret in the supervisor's environment reaches only whom it is meant for.
	Env  []string
	Dir  string // working folder; the supervisor's if empty
	User *User  // run as this user; needs root; nil means the supervisor's own

	LogFile string // standard output and error are appended here; absolute
	// PIDFile, if set, remembers the process across supervisors. While the one named in it still runs (its supervisor was
	// killed a moment ago), a start waits for it to leave, and fails if it does not.
	PIDFile string

	StopSignal syscall.Signal // SIGTERM if zero; also what the kernel sends when the supervisor dies
	StopLimit  time.Duration  // SIGKILL after this; 30 s if zero
	// StopsStatus is an exit status that is as good as 0 from a child that was asked to stop: Java programs end with 143.
	StopsStatus int
}

func (c *ProcessConfig) validate() error {
	switch {
	case c.Name == "":
		return errors.New("a process needs a name")
	case !filepath.IsAbs(c.Path):
		return fmt.Errorf("%s: the program's path must be absolute, got %q", c.Name, c.Path)
	case !filepath.IsAbs(c.LogFile):
		return fmt.Errorf("%s: the log file's path must be absolute, got %q", c.Name, c.LogFile)
	case c.StopLimit < 0:
		return fmt.Errorf("%s: the stop limit must not be negative, got %s", c.Name, c.StopLimit)
	}
	if c.StopSignal == 0 {
		c.StopSignal = syscall.SIGTERM
	}
	if c.StopLimit == 0 {
		c.StopLimit = defaultStopLimit
	}
	return nil
}

// Process is a running or ended child. Its methods may be called from any goroutine, any number of times.
type Process struct {
	cfg   ProcessConfig
	cmd   *exec.Cmd
	log   *processLog
	ended chan struct{} // closed after the child was reaped and result was set

	mu     sync.Mutex // guards what follows; held while the child is reaped, so that no signal can reach a recycled pid
	reaped bool
	asked  bool  // Stop or Kill was called
	result error // why it ended, nil if it was asked to and did so cleanly
}

// StartProcess starts the child and returns once it runs; it does not wait for it to be ready.
func StartProcess(cfg ProcessConfig) (*Process, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := waitForPredecessor(cfg.Name, cfg.PIDFile, predecessorLimit); err != nil {
		return nil, err
	}
	log, err := openLog(cfg.LogFile)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", cfg.Name, err)
	}
	p := &Process{cfg: cfg, log: log, ended: make(chan struct{}), cmd: &exec.Cmd{
		Path:   cfg.Path,
		Args:   append([]string{cfg.Path}, cfg.Args...),
		Env:    cfg.Env,
		Dir:    cfg.Dir,
		Stdout: log.file,
		Stderr: log.file,
		SysProcAttr: &syscall.SysProcAttr{
			Setpgid:   true, // Ctrl-C on the terminal is the supervisor's to pass on, in its order
			Pdeathsig: cfg.StopSignal,
		},
	}}
	if cfg.Env == nil {
		p.cmd.Env = plainEnvironment()
	}
	if cfg.User != nil {
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: cfg.User.UID, Gid: cfg.User.GID, Groups: []uint32{}}
	}
	started := make(chan error)
	go p.supervise(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", cfg.Name, errors.Join(err, log.close()))
	}
	if err := writePIDFile(cfg.PIDFile, p.PID()); err != nil {
		return nil, errors.Join(fmt.Errorf("remembering the process of %s: %w", cfg.Name, err), p.Kill())
	}
	return p, nil
}

// supervise starts the child and stays with it. The kernel sends the parent-death signal when the *thread* that started
// the child ends, so this goroutine keeps its thread until the child is gone, and takes it along when it ends.
func (p *Process) supervise(started chan<- error) {
	runtime.LockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.awaitExit()
	endGroup(p.cmd.Process.Pid)

	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.cmd.Wait()
	p.reaped = true
	p.result = errors.Join(p.explain(err), p.log.close())
	close(p.ended)
}

// awaitExit returns when the child has exited, without reaping it.
func (p *Process) awaitExit() {
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return // an error here means that there is nothing to wait for, which Wait then reports
		}
	}
}

// plainEnvironment is what a program needs to find others and to write temporary files.
func plainEnvironment() []string {
	env := []string{}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
