package nodes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/deploy/cluster"
	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

// ferry runs the operators' command line.
func (d *Driver) ferry(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "ferry"), append([]string{"--root", d.root}, args...)...)
	cmd.Env = []string{"HOME=/nonexistent"}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	output, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("ferry %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return strings.TrimSpace(string(output)), err
}

// status is the part of `ferry status --json` that scenarios are about.
type status struct {
	Halts []struct {
		Chain  asset.Chain `json:"chain"`
		Reason string      `json:"reason"`
	} `json:"halts"`
	Chains []struct {
		Chain  asset.Chain `json:"chain"`
		Height int64       `json:"height"`
	} `json:"chains"`
}

func (s status) halted(on asset.Chain) string {
	for _, h := range s.Halts {
		if h.Chain == on {
			return h.Reason
		}
	}
	return ""
}

func (s status) height(on asset.Chain) int64 {
	for _, c := range s.Chains {
		if c.Chain == on {
			return c.Height
		}
	}
	return 0
}

// status ends with an exit status other than 0 when people have to look; that is an
// answer too.
func (d *Driver) status(ctx context.Context) (s status, err error) {
	output, err := d.ferry(ctx, "status", "--json")
	if jsonErr := json.Unmarshal([]byte(output), &s); jsonErr != nil {
		return s, errors.Join(err, jsonErr)
	}
	return s, nil
}

// Halt implements scenario.Operator.
func (w *world) Halt(ctx context.Context, on asset.Chain) error {
	_, err := w.ferry(ctx, "halt", string(on), "--reason", "an operator looks at it", "--actor", "acceptance")
	return err
}

// Resume implements scenario.Operator. A look at the node that began before may halt the
// chain once more; so does what still deserves it.
func (w *world) Resume(ctx context.Context, on asset.Chain) error {
	_, err := w.ferry(ctx, "resume", string(on), "--reason", "looked at it", "--actor", "acceptance")
	return err
}

// Halted implements scenario.Operator.
func (w *world) Halted(ctx context.Context, on asset.Chain) (string, error) {
	s, err := w.status(ctx)
	return s.halted(on), err
}

// Alarms implements scenario.Operator: the lines of `ferry status`, which ends with a
// status other than 0 then.
func (w *world) Alarms(ctx context.Context) ([]string, error) {
	page, err := w.ferry(ctx, "status")
	if page == "" {
		return nil, err
	}
	return []string{strings.Join(strings.Fields(page), " ")}, nil
}

// requestID is what the command line says of a request that it has told.
var requestID = regexp.MustCompile(`request (\S+)`)

// Act implements scenario.Operator.
func (w *world) Act(ctx context.Context, swapID, actor string, action swap.StaffAction, reason string) (string, error) {
	return w.staff(ctx, "swap", strings.ReplaceAll(string(action), "_", "-"), swapID, "--actor", actor, "--reason", reason)
}

// Approve implements scenario.Operator.
func (w *world) Approve(ctx context.Context, swapID, actor, request string) error {
	_, err := w.staff(ctx, "swap", "approve", swapID, request, "--actor", actor)
	return err
}

// staff runs a command of staff until the state machine knows the swap. What it decides
// is told like any other fact; a refusal, which ends the command with a status other
// than 0, is no error of the command.
func (w *world) staff(ctx context.Context, args ...string) (request string, err error) {
	err = w.Await(ctx, "ferry "+strings.Join(args, " "), func() (bool, string, error) {
		page, err := w.ferry(ctx, args...)
		if told := requestID.FindStringSubmatch(page); told != nil {
			request = told[1]
			return true, "", nil
		}
		switch {
		case err == nil || strings.Contains(err.Error(), "is not known"): // not yet
		case strings.Contains(err.Error(), "nothing was done"):
			return true, "", nil // refused: what came of it shows
		default:
			return false, "", err
		}
		return false, fmt.Sprint(err), nil
	})
	return request, err
}

// Repeat implements scenario.Trouble: every relay is set back to its first record, as if
// none had ever been acknowledged.
func (w *world) Repeat(ctx context.Context) error {
	for _, schema := range []string{"gateway", "hotwallet", "swap"} {
		if err := w.rewindRelay(ctx, schema); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) rewindRelay(ctx context.Context, schema string) (err error) {
	address, err := url.Parse(w.up.Settings().SupportURL)
	if err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	address.User = url.User("ferry_" + schema)
	conn, err := pgx.Connect(ctx, address.String())
	if err != nil {
		return fmt.Errorf("connect as ferry_%s: %w", schema, err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	_, err = conn.Exec(ctx, "UPDATE "+pgx.Identifier{schema, "relay_cursor"}.Sanitize()+" SET xid = '0', id = 0, seq = 0")
	return err
}

// redeploy writes the deployment and starts the hot wallets on it.
func (w *world) redeploy(ctx context.Context, d deployment.Deployment) error {
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the deployment: %w", err)
	}
	if err := os.WriteFile(w.up.Settings().Deployment, raw, 0o600); err != nil {
		return fmt.Errorf("write the deployment: %w", err)
	}
	for _, on := range cluster.DemoNetworks().Chains() {
		name := "hotwalletd-" + string(on)
		if err := w.up.Kill(name); err != nil {
			return err
		}
		if err := w.up.Restart(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func multiply(units asset.Units, times int64) (asset.Units, error) {
	return units.MulDiv(big.NewInt(times), big.NewInt(1), asset.Down)
}
