package signer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ferry/swap/asset"
)

// Limits of the switches.
const (
	maxSwitchFile    = 256 << 10
	maxSwitchReason  = 300
	maxSwitchName    = 100
	maxSwitchChanges = 50
	switchFormat     = "ferry signer switches 1"
	switchName       = "switches.json"
)

// ErrSwitches means that the switches can't be read. Nothing is signed then.
var ErrSwitches = errors.New("the signer's switches can't be read")

// Everything is the scope of the switch that stops all.
const Everything = ""

// Change is one turn of a switch.
type Change struct {
	// Number counts them from 1.
	Number uint64 `json:"number"`
	// Scope is Everything, a chain ("bitcoin") or an asset ("BTC").
	Scope   string `json:"scope"`
	Stopped bool   `json:"stopped"`
	// Reason says why, By who.
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Switches say what is stopped: a file beside the memory, which whoever may stop the
// signer writes and the signer only reads, before each decision.
type Switches struct {
	Format string `json:"format"`
	// Stopped are the changes that stopped what is stopped now, by scope.
	Stopped []Change `json:"stopped"`
	// Changes are the newest ones, the oldest first.
	Changes []Change `json:"changes"`
}

// ReadSwitches reads those of the signer in dir. Errors wrap ErrSwitches.
func ReadSwitches(dir string) (Switches, error) {
	var s Switches
	raw, err := readSecret(filepath.Join(dir, switchName), maxSwitchFile)
	if err == nil {
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.DisallowUnknownFields()
		if err = decoder.Decode(&s); err == nil && decoder.More() {
			err = errors.New("more follows what they are")
		}
	}
	if err == nil {
		err = s.validate()
	}
	if err != nil {
		return Switches{}, fmt.Errorf("%w: %w", ErrSwitches, err)
	}
	return s, nil
}

func (s Switches) validate() error {
	if s.Format != switchFormat {
		return fmt.Errorf("format %.40q, not %q", s.Format, switchFormat)
	}
	for _, c := range s.Stopped {
		if err := checkScope(c.Scope); err != nil || !c.Stopped {
			return errors.Join(err, fmt.Errorf("%.40q is listed as stopped by change %d", c.Scope, c.Number))
		}
	}
	for i, c := range s.Changes {
		if err := checkScope(c.Scope); err != nil || c.Number == 0 || i > 0 && c.Number != s.Changes[i-1].Number+1 {
			return errors.Join(err, fmt.Errorf("change %d is out of order", c.Number))
		}
	}
	return nil
}

// checkScope refuses what is neither everything, a chain nor an asset.
func checkScope(scope string) error {
	if _, known := asset.Lookup(asset.ID(scope)); scope == Everything || known || slices.Contains(asset.Chains(), asset.Chain(scope)) {
		return nil
	}
	return fmt.Errorf("%.40q is neither a chain nor an asset", scope)
}

// check refuses what is stopped.
func (s Switches) check(chain asset.Chain, id asset.ID) error {
	for _, c := range s.Stopped {
		if c.Scope == Everything || c.Scope == string(chain) || c.Scope == string(id) {
			return refuse(fieldSwitch, scopeName(c.Scope), "The signer is stopped for %s since %s: %s.",
				scopeName(c.Scope), c.At.Format(time.RFC3339), strings.TrimSuffix(c.Reason, "."))
		}
	}
	return nil
}

// fieldSwitch is what refusals by a switch name.
const fieldSwitch = "switch"

// scopeName is how people call a scope.
func scopeName(scope string) string {
	if scope == Everything {
		return "everything"
	}
	return scope
}

// stopped refuses what a switch stops, and everything where the switches can't be
// read.
func stopped(s Switches, unreadable error, p payment) error {
	if unreadable != nil {
		return refuse(fieldSwitch, "everything", "The signer is stopped: its switches can't be read.")
	}
	for i, member := range p.parts {
		if err := s.check(p.chain, member.asset); err != nil {
			return ofMember(err, i, len(p.parts))
		}
	}
	return nil
}

// Turn stops a scope or lets it go on, for the signer in dir, from its next decision
// on. It is for the signer's own user; by names the person. What is so already is
// written down too, as the last word. Where the switches can't be read only a stop of
// everything is taken: it replaces them, and the old file stays beside them.
func Turn(dir string, c Change) (_ Switches, err error) {
	c.Reason, c.By = strings.TrimSpace(c.Reason), strings.TrimSpace(c.By)
	if err := checkScope(c.Scope); err != nil {
		return Switches{}, err
	}
	if c.Reason == "" || len(c.Reason) > maxSwitchReason || c.By == "" || len(c.By) > maxSwitchName {
		return Switches{}, fmt.Errorf("a reason must be given, of at most %d bytes, and a name, of at most %d", maxSwitchReason, maxSwitchName)
	}
	if err := ownFolder(dir); err != nil {
		return Switches{}, err
	}
	lock, err := lockSwitches(dir)
	if err != nil {
		return Switches{}, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	s, err := ReadSwitches(dir)
	if err != nil {
		if c.Scope != Everything || !c.Stopped {
			return s, fmt.Errorf("nothing is signed as it is; stop everything to begin anew: %w", err)
		}
		if s, err = beginAnew(dir, err); err != nil {
			return s, err
		}
	}
	s = s.turn(c)
	return s, s.write(dir)
}

// turn is the switches after a change, which gets its number.
func (s Switches) turn(c Change) Switches {
	c.Number, c.At = 1, c.At.UTC()
	if n := len(s.Changes); n > 0 {
		c.Number = s.Changes[n-1].Number + 1
	}
	s.Changes = append(slices.Clone(s.Changes), c)
	s.Changes = s.Changes[max(0, len(s.Changes)-maxSwitchChanges):]
	s.Stopped = slices.DeleteFunc(slices.Clone(s.Stopped), func(old Change) bool { return old.Scope == c.Scope })
	if c.Stopped {
		s.Stopped = append(s.Stopped, c)
	}
	return s
}

// write replaces the file, whole or not at all.
func (s Switches) write(dir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the switches: %w", err)
	}
	path := filepath.Join(dir, switchName)
	if err := writeWhole(path+".new", 0o600, append(raw, '\n')); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("name the switches: %w", err)
	}
	return syncFolder(dir)
}

// firstSwitches makes the file where there is none, with nothing stopped.
func firstSwitches(dir string) error {
	there, err := exists(filepath.Join(dir, switchName))
	if err != nil || there {
		return err
	}
	return (Switches{Format: switchFormat}).write(dir)
}

// beginAnew puts what can't be read aside.
func beginAnew(dir string, cause error) (Switches, error) {
	path := filepath.Join(dir, switchName)
	there, err := exists(path)
	if err == nil && there {
		err = os.Rename(path, path+".unreadable")
	}
	if err != nil {
		return Switches{}, errors.Join(cause, err)
	}
	return Switches{Format: switchFormat}, nil
}

// ownFolder refuses to write into the folder of another user: the signer could not
// read it.
func ownFolder(dir string) error {
	var at unix.Stat_t
	if err := unix.Stat(dir, &at); err != nil {
		return fmt.Errorf("the signer's folder %s: %w", dir, err)
	}
	if int(at.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to the user with id %d, and this is %d: run it as the signer's own user", dir, at.Uid, os.Getuid())
	}
	return nil
}

// lockSwitches waits for whoever turns one at the same time.
func lockSwitches(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, switchName+".lock"), os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the switches: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the switches: %w", err), lock.Close())
	}
	return lock, nil
}
