package parts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// The ports that are chosen from: below those that kernels give to outgoing connections and to whoever listens on port 0,
// so that none of these takes one between its choice and its use.
const (
	portsFrom  = 10_000
	portsTo    = 32_000
	portsTries = 100
)

// ListenFree listens on a loopback TCP port that nobody uses, for a program that is told its port and started after this
// listener is closed.
func ListenFree() (net.Listener, error) {
	var errs []error
	for range portsTries {
		port := portsFrom + rand.IntN(portsTo-portsFrom) //nolint:gosec // no secret: any port will do
		l, err := net.Listen("tcp4", loopback(port))     //nolint:noctx // binds a local port; nothing to cancel
		if err == nil {
			return l, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no free port among %d: %w", portsTries, errors.Join(errs...))
}

// keepPorts answers a loopback TCP port for each name and remembers them in the file. A port given (not 0) is used as it
// is; one remembered is used again while it is free; the rest are chosen as ListenFree does. Another process can take a port
// between this and its use; the part then dies early and says so.
func keepPorts(file string, given map[string]int) (map[string]int, error) {
	remembered, err := readPorts(file)
	if err != nil {
		return nil, err
	}
	ports := make(map[string]int, len(given))
	var held []net.Listener // until all are chosen, so that no two get the same
	defer func() {
		for _, l := range held {
			_ = l.Close() // it accepted nothing
		}
	}()
	hold := func(port int) (int, error) {
		listen := ListenFree
		if port != 0 {
			listen = func() (net.Listener, error) { return net.Listen("tcp4", loopback(port)) } //nolint:noctx // as above
		}
		l, err := listen()
		if err != nil {
			return 0, err
		}
		held = append(held, l)
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	for name, port := range given {
		if port != 0 {
			if ports[name], err = hold(port); err != nil {
				return nil, fmt.Errorf("port %d (%s) is not free: %w", port, name, err)
			}
			continue
		}
		if ports[name], err = hold(remembered[name]); err == nil {
			continue
		}
		if ports[name], err = hold(0); err != nil {
			return nil, fmt.Errorf("choosing a port for %s: %w", name, err)
		}
	}
	text, err := json.Marshal(ports)
	if err != nil {
		return nil, fmt.Errorf("remembering ports: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("remembering ports: %w", err)
	}
	return ports, nil
}

// readPorts is empty for a file that is missing, cut short by a crash, or holds what is no port.
func readPorts(file string) (map[string]int, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading remembered ports: %w", err)
	}
	var ports map[string]int
	if err := json.Unmarshal(text, &ports); err != nil {
		return nil, nil //nolint:nilerr // cut short by a crash: nothing is remembered
	}
	for name, port := range ports {
		if port < 1 || port > 65535 {
			delete(ports, name)
		}
	}
	return ports, nil
}

// loopback is the address of a port on this machine's IPv4 loopback interface.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
