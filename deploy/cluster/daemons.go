package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ferry/deploy/parts"
)

// daemonSpec is all that is needed to start a daemon, and to start it again.
type daemonSpec struct {
	name, program string
	args, env     []string
	user          *parts.User
	// ready is the text in the log by which it says that it serves.
	ready string
}

// readyLine is what every daemon of ours logs.
const readyLine = `"msg":"ready"`

// Daemons names every daemon, in the order they are started.
func (c *Cluster) Daemons() []string {
	names := []string{"venuesim", "liquidityd", "attestd", "signerd"}
	for _, chain := range c.config.Networks.Chains() {
		names = append(names, "hotwalletd-"+string(chain))
	}
	return append(names, "swapd", "gatewayd")
}

func (c *Cluster) startDaemons(ctx context.Context, urls map[string]string) error {
	if err := c.prepare(ctx, urls); err != nil {
		return err
	}
	for _, name := range c.Daemons() {
		c.progress("starting " + name)
		if err := c.startDaemon(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the keys of a first start and works out every daemon's settings.
func (c *Cluster) prepare(ctx context.Context, urls map[string]string) error {
	signer, attest := separateUsers(c.config.Root)
	folders := map[string]*parts.User{c.keys(): nil, c.dir.Part("signer"): signer, c.dir.Part("signer-key"): signer, c.dir.Part("attest"): attest}
	for folder, owner := range folders {
		if err := privateFolder(folder, owner); err != nil {
			return err
		}
	}
	for folder, owner := range map[string]*parts.User{c.socketFolder("signer"): signer, c.socketFolder("attest"): attest, c.socketFolder("ferry"): nil} {
		if err := privateFolder(folder, owner); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.dir.Part("public"), 0o755); err != nil {
		return fmt.Errorf("make the folder of public keys: %w", err)
	}
	if err := give(c.dir.Part("public"), signer); err != nil {
		return err
	}
	quoteKey, err := signingKey(filepath.Join(c.keys(), "quote.pem"), nil)
	if err != nil {
		return err
	}
	attestKey, err := signingKey(filepath.Join(c.dir.Part("attest"), "attest.pem"), attest)
	if err != nil {
		return err
	}
	if err := randomSecret(filepath.Join(c.keys(), "gateway.secret")); err != nil {
		return err
	}
	c.settings.Deployment = filepath.Join(c.config.Root, "deployment.json")
	policy := demoDeployment(c.config.Networks, quoteKey, attestKey)
	if c.config.Policy != nil {
		c.config.Policy(&policy)
	}
	if err := writeDeployment(c.settings.Deployment, policy); err != nil {
		return err
	}
	venue, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	c.settings.Venues = "http://" + venue
	c.specify(urls, venue, signer, attest)
	// The seed is made by signerd itself, as its own user: nobody else sees it.
	for _, first := range []daemonSpec{c.daemons["signerd"], c.daemons["attestd"]} {
		if err := c.initialise(ctx, first); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) keys() string                    { return c.dir.Part("keys") }
func (c *Cluster) socketFolder(name string) string { return filepath.Join(c.run, name) }

// specify lists every daemon with the settings it needs and no others.
func (c *Cluster) specify(urls map[string]string, venue string, signer, attest *parts.User) {
	common := []string{"FERRY_DEPLOYMENT=" + c.settings.Deployment, "HOME=/nonexistent", "TMPDIR=" + os.TempDir()}
	brokers := "KAFKA_BROKERS=" + strings.Join(c.settings.Brokers, ",")
	database := func(role string) string { return "DATABASE_URL=" + urls[role] }
	socket := func(folder, name string) string { return filepath.Join(c.socketFolder(folder), name+".sock") }
	accounts := "FERRY_ACCOUNTS=" + c.accountsFile()
	caller := "FERRY_ALLOW_UID=" + strconv.Itoa(os.Getuid())

	add := func(name, program string, user *parts.User, args []string, env ...string) {
		c.daemons[name] = daemonSpec{name: name, program: program, args: args, user: user, env: append(append(env, "FERRY_INSTANCE="+name), common...), ready: readyLine}
	}
	add("venuesim", "venuesim", nil, []string{"-listen", venue, "-control", "-seed", "1", "-pair", demoMarkets(c.config.Networks)})
	simulator := c.daemons["venuesim"]
	simulator.ready = "listening on "
	c.daemons["venuesim"] = simulator
	add("liquidityd", "liquidityd", nil, nil, brokers, database("ferry_liquidity"), "FERRY_LISTEN="+socket("ferry", "liquidity"),
		"FERRY_BINANCE_STREAM_URL=ws://"+venue, "FERRY_BINANCE_REST_URL=http://"+venue, "FERRY_KRAKEN_STREAM_URL=ws://"+venue+"/kraken/v2",
		"FERRY_COINBASE_STREAM_URL=ws://"+venue+"/coinbase", "FERRY_OKX_STREAM_URL=ws://"+venue+"/okx/ws/v5/public",
		"FERRY_BITSTAMP_STREAM_URL=ws://"+venue+"/bitstamp", "FERRY_BITSTAMP_REST_URL=http://"+venue+"/bitstamp",
		// Orders go there too, where the settings of a daemon turn hedging on (FERRY_HEDGE).
		"FERRY_BINANCE_TRADE_URL=http://"+venue, "FERRY_KRAKEN_TRADE_URL=http://"+venue+"/kraken", "FERRY_COINBASE_TRADE_URL=http://"+venue+"/coinbase",
		"FERRY_OKX_TRADE_URL=http://"+venue+"/okx", "FERRY_BITSTAMP_TRADE_URL=http://"+venue+"/bitstamp",
		"FERRY_QUOTE_KEY="+filepath.Join(c.keys(), "quote.pem"))
	add("attestd", "attestd", attest, nil, append(c.attestSettings(), accounts, caller, "FERRY_LISTEN="+socket("attest", "attest"),
		"FERRY_ATTEST_KEY="+filepath.Join(c.dir.Part("attest"), "attest.pem"), "FERRY_STORE="+filepath.Join(c.dir.Part("attest"), "attest.db"))...)
	add("signerd", "signerd", signer, nil, caller, "FERRY_LISTEN="+socket("signer", "signer"),
		"FERRY_SEED="+c.dir.Part("signer"), "FERRY_KEY_FILE="+filepath.Join(c.dir.Part("signer-key"), "signer.key"), accounts)
	var wallets []string
	for _, chain := range c.config.Networks.Chains() {
		listen := socket("ferry", "wallet-"+string(chain))
		wallets = append(wallets, string(chain)+"="+listen)
		add("hotwalletd-"+string(chain), "hotwalletd", nil, nil, append(c.nodeSettings(chain), brokers, database("ferry_hotwallet"), accounts,
			"FERRY_CHAIN="+string(chain), "FERRY_LISTEN="+listen, "FERRY_ATTEST_SOCKET="+socket("attest", "attest"),
			"FERRY_SIGNER_SOCKET="+socket("signer", "signer"))...)
	}
	add("swapd", "swapd", nil, nil, brokers, database("ferry_swap"))
	add("gatewayd", "gatewayd", nil, nil, brokers, database("ferry_gateway"), "FERRY_HTTP="+c.config.API,
		"FERRY_LIQUIDITY_SOCKET="+socket("ferry", "liquidity"), "FERRY_WALLET_SOCKETS="+strings.Join(wallets, ","),
		"FERRY_SECRET="+filepath.Join(c.keys(), "gateway.secret"), "FERRY_SHOW_RECENT=true")
}

// accountsFile holds the extended public keys, for everybody who derives addresses.
func (c *Cluster) accountsFile() string {
	return filepath.Join(c.dir.Part("public"), "accounts.json")
}

// freeAddress is a loopback port nobody listens on now.
func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	if err := l.Close(); err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), nil
}

// initialise runs a daemon's own "init", which does nothing on a second start.
func (c *Cluster) initialise(ctx context.Context, d daemonSpec) error {
	c.progress("preparing " + d.name)
	_, err := c.command(ctx, d, "init")
	return err
}

// Command runs the program of a daemon with arguments, its settings, and as its user,
// as an operator does, and returns what it printed.
func (c *Cluster) Command(ctx context.Context, daemon string, args ...string) (string, error) {
	d, known := c.daemons[daemon]
	if !known {
		return "", fmt.Errorf("daemon %q is not one of %s", daemon, strings.Join(c.Daemons(), ", "))
	}
	return c.command(ctx, d, args...)
}

func (c *Cluster) command(ctx context.Context, d daemonSpec, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(c.config.Bin, d.program), args...)
	cmd.Env = d.env
	if d.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: d.user.UID, Gid: d.user.GID}}
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", d.name, strings.Join(args, " "), err, bytes.TrimSpace(output))
	}
	return string(output), nil
}

func (c *Cluster) startDaemon(ctx context.Context, name string) error {
	d := c.daemons[name]
	logFile := c.dir.Log(name)
	before, err := size(logFile)
	if err != nil {
		return err
	}
	env := slices.Clone(d.env)
	if c.config.Env != nil {
		env = append(env, c.config.Env(name)...)
	}
	p, err := parts.StartProcess(parts.ProcessConfig{Name: name, Path: filepath.Join(c.config.Bin, d.program),
		Args: d.args, Env: env, User: d.user, LogFile: logFile, StopLimit: 15 * time.Second})
	if err != nil {
		return err
	}
	c.started(name, p)
	if err := awaitReady(ctx, p, d, logFile, before); err != nil {
		return err
	}
	return c.findAdmin(name, logFile, before)
}

// Kill ends a daemon by SIGKILL and waits until it is gone. It stays down until
// Restart, and its end is not taken for a failure.
func (c *Cluster) Kill(name string) error {
	c.mu.Lock()
	p := c.running[name]
	delete(c.running, name)
	c.mu.Unlock()
	if p == nil {
		return fmt.Errorf("no process %q is running", name)
	}
	return p.Kill()
}

// Restart starts a daemon or part that was killed or stopped, and waits until it
// is ready.
func (c *Cluster) Restart(ctx context.Context, name string) error {
	if again, ok := c.again[name]; ok {
		p, err := again(ctx)
		if err == nil {
			c.started(name, p)
		}
		return err
	}
	if _, known := c.daemons[name]; !known {
		return fmt.Errorf("daemon %q is not one of %s", name, strings.Join(c.Daemons(), ", "))
	}
	if err := c.startDaemon(ctx, name); err != nil {
		return err
	}
	// Its admin endpoint may have another port now.
	return c.saveSettings()
}

// awaitReady waits until a daemon says in its log that it serves.
func awaitReady(ctx context.Context, p *parts.Process, d daemonSpec, logFile string, from int64) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		ready, err := logSays(logFile, from, d.ready)
		if err != nil || ready {
			return err
		}
		select {
		case <-p.Done():
			return fmt.Errorf("%s did not start: %w", d.name, p.Err())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready within %s: see %s", d.name, startLimit, logFile)
		case <-ticker.C:
		}
	}
}

func logSays(logFile string, from int64, text string) (bool, error) {
	line, err := logLine(logFile, from, text)
	return line != nil, err
}

// logLine is the first line of a log, from an offset on, that has the text; nil if
// none has.
func logLine(logFile string, from int64, text string) (_ []byte, err error) {
	f, err := os.Open(logFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if bytes.Contains(lines.Bytes(), []byte(text)) {
			return bytes.Clone(lines.Bytes()), nil
		}
	}
	return nil, lines.Err()
}

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at a log: %w", err)
	}
	return info.Size(), nil
}

// nodeURL splits a URL with credentials in it.
func nodeURL(variable, text string) (Node, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return Node{}, fmt.Errorf("%s must have the form http://user:password@host:port", variable)
	}
	node := Node{User: u.User.Username()}
	node.Password, _ = u.User.Password()
	u.User = nil
	node.URL = u.String()
	return node, nil
}
