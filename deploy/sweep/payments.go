package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"ferry/deploy/parts"
)

// slip is a build of the engine of payments that must not survive the crash sweep which
// package payment's tests make in one process, over every purpose and every answer of a node.
type slip struct {
	tag, says string
	// course is the purpose, in the words of the test, that meets it.
	course string
	// finds is what the test has to say; another failure does not count.
	finds string
}

// slips are the engine's mistakes.
func slips() []slip {
	return []slip{
		{"broken_broadcast_first", "bytes are handed in before they are stored", "payout_on_bitcoin", "was handed in and is not stored"},
		{"broken_other_anchor", "another attempt spends something else", "replaced_payout_on_bitcoin", "the signer refused: There must be one attestation"},
		{"broken_second_plan", "a payment is planned again while its plan may live", "payout_on_bitcoin", "not the signed plan"},
		{"broken_unproved_retry", "a payment is made anew before its failure is proved", "retry_after_death_on_ethereum", "was planned twice"},
	}
}

// errSlipped is a broken engine that did what it must not, as the test has seen.
var errSlipped = errors.New("FOUND")

// slipped plays the courses of all slips, one after the other, and returns what was found
// of each.
func (w *world) slipped(ctx context.Context) (found []error) {
	for _, s := range slips() {
		found = append(found, w.slip(ctx, s))
	}
	return found
}

// slip is errSlipped with what the test says of the mistake, nil if it passes.
func (w *world) slip(ctx context.Context, s slip) error {
	database, err := url.Parse(w.up.Settings().SupportURL)
	if err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	database.User = url.User(parts.Superuser)
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-tags", s.tag, "-run", "^TestCrashesOfEveryPurpose$/^"+s.course+"$", "./hotwallet/payment", "-cells")
	cmd.Env = append(os.Environ(), "FERRY_TEST_DATABASE_URL="+database.String())
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, s.finds) {
			return fmt.Errorf("%w: %s", errSlipped, strings.TrimSpace(line))
		}
	}
	return fmt.Errorf("test with %s: %w: %s", s.tag, err, out)
}

// judgeSlips notes which of them were found.
func (r *report) judgeSlips(found []error) {
	for i, s := range slips() {
		r.judge(mistake{tag: "payments with " + s.tag, says: s.says, finds: errSlipped}, found[i])
	}
}
