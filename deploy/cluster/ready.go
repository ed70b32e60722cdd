package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Limits of a question to an admin endpoint.
const (
	askLimit  = 4 * time.Second
	answerMax = 1 << 20 // bytes
	readyPoll = 100 * time.Millisecond
)

// Readiness is what a daemon's /readyz says.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// Check is one thing the daemon depends on, with the reason where it is not OK.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// Failing says in words what is not OK, "" if nothing is.
func (r Readiness) Failing() string {
	var reasons []string
	for _, c := range r.Checks {
		if !c.OK {
			reasons = append(reasons, c.Name+": "+c.Reason)
		}
	}
	return strings.Join(reasons, "; ")
}

// AskReady asks the daemon whose admin endpoint is at an address of Settings.Admin.
// An error means that it did not answer.
func AskReady(ctx context.Context, address string) (Readiness, error) {
	var r Readiness
	if err := Ask(ctx, address, "/readyz", &r); err != nil {
		return Readiness{}, fmt.Errorf("readiness: %w", err)
	}
	return r, nil
}

// Ask reads the JSON that an admin endpoint answers at a path, whatever the status.
func Ask(ctx context.Context, address, path string, into any) (err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://ferry"+path, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if err := json.NewDecoder(io.LimitReader(res.Body, answerMax)).Decode(into); err != nil {
		return fmt.Errorf("%s answers with status %d and nothing to read: %w", address, res.StatusCode, err)
	}
	return nil
}

// adminLine is what a daemon logs with the address of its admin endpoint.
const adminLine = `"msg":"admin endpoint"`

// findAdmin keeps the address that a daemon's log names; venuesim has none.
func (c *Cluster) findAdmin(name, logFile string, from int64) error {
	line, err := logLine(logFile, from, adminLine)
	if err != nil || line == nil {
		return err
	}
	var said struct {
		Address string `json:"address"`
	}
	if err := json.Unmarshal(line, &said); err != nil || said.Address == "" {
		return errors.Join(fmt.Errorf("%s: the line of its admin endpoint has no address", logFile), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settings.Admin == nil {
		c.settings.Admin = map[string]string{}
	}
	c.settings.Admin[name] = said.Address
	return nil
}

// awaitReadiness waits until every daemon with an admin endpoint is ready: each
// reaches all that it depends on.
func (c *Cluster) awaitReadiness(ctx context.Context) error {
	c.progress("waiting until every daemon is ready")
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	waiting := c.Settings().Admin
	for {
		var last []string
		for name, address := range waiting {
			r, err := AskReady(ctx, address)
			switch {
			case err != nil:
				last = append(last, fmt.Sprintf("%s: %v", name, err))
			case !r.Ready:
				last = append(last, fmt.Sprintf("%s: %s", name, r.Failing()))
			default:
				delete(waiting, name)
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		select {
		case failure := <-c.failed:
			return failure
		case <-ctx.Done():
			slices.Sort(last)
			return fmt.Errorf("not ready within %s: %s", startLimit, strings.Join(last, "; "))
		case <-ticker.C:
		}
	}
}
