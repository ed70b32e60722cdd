package signer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// report verifies the log while the signer runs.
func (d *desk) report(t swaptest.Reporter) LogReport {
	t.Helper()
	r, err := VerifyLog(d.config.Dir, d.config.Networks, 1<<20)
	if err != nil {
		t.Fatalf("verify the log: %v", err)
	}
	return r
}

// entries counts what the log has of each sort.
func (d *desk) entries(t swaptest.Reporter) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, e := range d.report(t).Newest {
		count[e.What]++
	}
	return count
}

func (d *desk) logPath() string { return segmentPath(filepath.Join(d.config.Dir, logName), 1) }

// payBitcoin is a payout of its own coin.
func (d *desk) payBitcoin(t swaptest.Reporter, name string) *ferryv1.SignUTXORequest {
	t.Helper()
	return d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, name), payoutSat, feeSat, name)
}

// Each decision is in the log before its answer leaves, in order, with what it was
// about; a switch soon after it was turned, though nothing is asked.
func TestLogHasEveryDecision(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	last := func(what string) Entry {
		t.Helper()
		all := d.report(t).Newest
		if e := all[len(all)-1]; e.What == what {
			return e
		}
		t.Fatalf("the last entry is %+v, want %s", all[len(all)-1], what)
		return Entry{}
	}
	last(loggedStart)
	req := d.payBitcoin(t, "a")
	signed, err := d.signBitcoin(req)
	if err != nil {
		t.Fatal(err)
	}
	e := last(loggedSigned)
	if e.Number != 2 || e.Chain != asset.Bitcoin || e.Purpose != swap.PurposePayout || !strings.HasPrefix(e.Authority, "payout:") || e.Authorities != 1 ||
		e.SwapID == "" || e.TxID != signed.GetTxid() || e.Fee.String() != fmt.Sprint(feeSat) || len(e.Amounts) != 1 || e.Amounts[0].String() != "0.015 BTC" || len(e.Spends) != 1 {
		t.Errorf("%+v", e)
	}
	if _, err := d.signBitcoin(req); err != nil {
		t.Fatal(err)
	}
	if e := last(loggedRepeated); e.TxID != signed.GetTxid() {
		t.Errorf("%+v", e)
	}
	for _, spoil := range []func(*ferryv1.SignUTXORequest){
		func(req *ferryv1.SignUTXORequest) { req.Chain = "dogecoin" },
		func(req *ferryv1.SignUTXORequest) { req.GetAuthorities()[0].Purpose = "gift" },
		func(req *ferryv1.SignUTXORequest) { req.UnsignedTx = nil },
		func(req *ferryv1.SignUTXORequest) { req.GetAuthorities()[0].FencingToken = 1 },
	} {
		bad := proto.Clone(req).(*ferryv1.SignUTXORequest)
		spoil(bad)
		_, err := d.signBitcoin(bad)
		var refusal *swap.Error
		if !errors.As(err, &refusal) {
			t.Fatal(err)
		}
		if e := last(loggedRefused); e.Field != refusal.Field || !strings.HasPrefix(refusal.Message, e.Reason) || e.TxID != "" {
			t.Errorf("%+v; refused with %v", e, err)
		}
	}
	before := d.entries(t)
	d.turn(t, "LTC", true)
	patience := time.Now().Add(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); d.entries(t)[loggedSwitch] == 0; <-tick.C {
		if time.Now().After(patience) {
			t.Fatal("the switch is not logged")
		}
	}
	if e := last(loggedSwitch); e.Switch.Scope != "LTC" || !e.Switch.Stopped || e.Switch.By != "olga" {
		t.Errorf("%+v", e.Switch)
	}
	d.reopen(t)
	last(loggedStart)
	if after := d.entries(t); after[loggedSwitch] != 1 || after[loggedSigned] != before[loggedSigned] {
		t.Errorf("after a restart %v, before it %v", after, before)
	}
}

// However the log is tampered with while the signer is away, it is found: by whoever
// verifies it, and by the signer, which does not start.
func TestTamperedLogIsFound(t *testing.T) {
	t.Parallel()
	template := deskFor(t)
	for i := range 6 {
		if _, err := template.signBitcoin(template.payBitcoin(t, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := template.signer.Close(); err != nil {
		t.Fatal(err)
	}
	defer template.open(t)
	whole, err := os.ReadFile(template.logPath())
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))[:7]
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, content := range map[string][]byte{
		"the last line cut":    join(lines[:5]...),
		"a line cut out":       join(join(lines[:3]...), join(lines[4:]...)),
		"the first cut":        join(lines[1:6]...),
		"two lines swapped":    join(join(lines[:2]...), lines[3], lines[2], join(lines[4:]...)),
		"an amount edited":     bytes.Replace(whole, []byte(`"1500000"`), []byte(`"1500001"`), 1),
		"the last edited":      join(join(lines[:6]...), bytes.Replace(lines[6], []byte(`"1500000"`), []byte(`"1500001"`), 1)),
		"a line added":         join(whole, lines[6]),
		"half a line added":    join(whole, lines[6][:20]),
		"emptied":              nil,
		"something else in it": bytes.Repeat([]byte("nothing of it\n"), 100),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := template.config
			if err := os.CopyFS(dir, os.DirFS(c.Dir)); err != nil {
				t.Fatal(err)
			}
			c.Dir = dir
			for file, mode := range map[string]os.FileMode{seedName: 0o400, switchName: 0o600} {
				if err := os.Chmod(filepath.Join(dir, file), mode); err != nil {
					t.Fatal(err)
				}
			}
			path := segmentPath(filepath.Join(dir, logName), 1)
			restore(t, path, content)
			if r, err := VerifyLog(dir, c.Networks, 3); err == nil {
				t.Errorf("verified: %+v", r)
			}
			if s, err := Open(c); !errors.Is(err, errLog) || !strings.Contains(err.Error(), "signerd log anew") {
				t.Errorf("opened %v: %v", s, err)
			}
			anew := Change{Reason: "the disk", By: "olga", At: time.Now()}
			if err := BeginLogAnew(dir, c.Networks, anew); err == nil {
				t.Error("begun anew beside the old files")
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(c); !errors.Is(err, errLog) {
				t.Errorf("opened without its log: %v, %v", s, err)
			}
			if err := BeginLogAnew(dir, c.Networks, anew); err != nil {
				t.Fatal(err)
			}
			s, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := VerifyLog(dir, c.Networks, 10)
			if err != nil || !r.Compared || r.First != 8 || r.Last != 9 || r.Newest[0].What != loggedAnew || r.Newest[0].Previous != hashLine(bytes.TrimSpace(lines[6])) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// Wherever a crash stops the writing of the last lines, the next start completes them.
func TestLogIsCompletedAfterACrash(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	if _, err := d.signBitcoin(d.payBitcoin(t, "a")); err != nil {
		t.Fatal(err)
	}
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	defer d.open(t)
	head := d.signer.memory.head
	whole, err := os.ReadFile(d.logPath())
	if err != nil || int64(len(whole)) != head.Size+int64(len(head.Pending)) || len(head.Pending) < 100 {
		t.Fatalf("%d bytes, %d and %d pending: %v", len(whole), head.Size, len(head.Pending), err)
	}
	cuts := []int{len(head.Pending)} // all is there, and perhaps not on disk
	for cut := 0; cut < len(head.Pending); cut += 50 {
		cuts = append(cuts, cut)
	}
	for _, cut := range cuts {
		dir := t.TempDir()
		restore(t, segmentPath(dir, 1), whole[:head.Size+int64(cut)])
		files, err := openLog(dir, head)
		if err != nil {
			t.Fatalf("with %d of the pending bytes: %v", cut, err)
		}
		if files.syncs == 0 || files.syncing != nil {
			t.Errorf("with %d of the pending bytes: opened before they are on disk", cut)
		}
		if err := files.close(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(segmentPath(dir, 1)); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("with %d of the pending bytes: %q, %v", cut, got, err)
		}
	}
}

// A machine that fails may leave the file as long as it was, with zeros for what had not
// reached the disk, wherever that is; what was written over is found as ever.
func TestLogIsCompletedAfterAPowerCut(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	if _, err := d.signBitcoin(d.payBitcoin(t, "a")); err != nil {
		t.Fatal(err)
	}
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	defer d.open(t)
	head := d.signer.memory.head
	whole, err := os.ReadFile(d.logPath())
	if err != nil {
		t.Fatal(err)
	}
	for lost := 1; lost <= len(head.Pending); lost += 50 {
		last := whole[len(whole)-lost:]
		for name, left := range map[string][]byte{
			"zeros": make([]byte, lost), "others": append(make([]byte, lost-1), 'x'),
			// pages reach the disk in any order
			"a hole": append(make([]byte, lost-lost/2), last[lost-lost/2:]...),
		} {
			dir := t.TempDir()
			restore(t, segmentPath(dir, 1), slices.Concat(whole[:len(whole)-lost], left))
			files, err := openLog(dir, head)
			if name == "others" {
				if !errors.Is(err, errLog) {
					t.Errorf("%d bytes, the last of which is another: %v", lost, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%d bytes of which %s: %v", lost, name, err)
			}
			if err := files.close(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(segmentPath(dir, 1)); err != nil || !bytes.Equal(got, whole) {
				t.Errorf("%d bytes of which %s: %q, %v", lost, name, got, err)
			}
		}
	}
}

// Setup: the lines of the last decision did not reach the disk.
// Test: the next one is not made, because with it the memory would forget them; the next
// start completes them, and nothing is lost.
func TestLogThatCannotBeSyncedStopsTheSigner(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	if _, err := d.signBitcoin(d.payBitcoin(t, "a")); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	failed <- errors.New("the disk")
	d.signer.files.syncing = failed
	req := d.payBitcoin(t, "b")
	for range 2 {
		if _, err := d.signBitcoin(req); swap.ErrorCode(err) != swap.CodeInternal {
			t.Fatalf("%v, want an internal error", err)
		}
	}
	if n := d.signedCount(t); n != 1 {
		t.Errorf("%d signatures are recorded", n)
	}
	d.reopen(t)
	if _, err := d.signBitcoin(req); err != nil {
		t.Fatal(err)
	}
	if r := d.report(t); r.Last != 4 { // start, a, start, b
		t.Errorf("%+v", r)
	}
}

// A log that can't be written lets no signature out, and neither does one that somebody
// has laid hands on while the signer runs.
func TestNothingLeavesWithoutItsLog(t *testing.T) {
	t.Parallel()
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		d := deskFor(t)
		req := d.payBitcoin(t, "a")
		if err := d.signer.files.file.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := d.signBitcoin(req); swap.ErrorCode(err) != swap.CodeInternal {
				t.Fatal(err)
			}
		}
		if err := d.signer.Close(); err == nil {
			t.Error("the file was closed twice")
		}
		d.open(t)
		if _, err := d.signBitcoin(req); err != nil {
			t.Fatal(err)
		}
	})
	for name, spoil := range map[string]func(path string) error{
		"cut":     func(path string) error { return os.Truncate(path, 10) },
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			req := d.payBitcoin(t, "a")
			if err := spoil(d.logPath()); err != nil {
				t.Fatal(err)
			}
			if _, err := d.signBitcoin(req); swap.ErrorCode(err) != swap.CodeInternal {
				t.Fatal(err)
			}
			if n := d.signedCount(t); n != 0 {
				t.Errorf("%d signatures are recorded", n)
			}
		})
	}
}

// Full files are followed by others up to the limit; then nothing is signed until the
// oldest are moved elsewhere.
func TestLogGoesOnInAnotherFile(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	sign := func(name string) error {
		_, err := d.signBitcoin(d.payBitcoin(t, name))
		return err
	}
	files := 1
	for i := range 3 {
		d.signer.files.full = 1
		if err := sign(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		files++
		d.reopen(t) // its entry goes to the same file: that is far from full
	}
	if r := d.report(t); r.Files != files || r.First != 1 || r.Last != 7 {
		t.Fatalf("%+v", r)
	}
	d.signer.files.full, d.signer.files.most = 1, files
	if err := sign("one too many"); swap.ErrorCode(err) != swap.CodeInternal {
		t.Fatal(err)
	}
	if err := os.Remove(d.logPath()); err != nil {
		t.Fatal(err)
	}
	if err := sign("another"); err != nil {
		t.Error(err)
	}
	if r := d.report(t); r.Files != files || r.First != 2 || r.Last != 8 {
		t.Errorf("%+v", r)
	}
}

// Of many requests at once each is decided, logged and answered once, also where some
// ask for the same.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	const payouts, callers = 40, 3
	var all sync.WaitGroup
	answers := make([][]byte, payouts*callers)
	for i := range payouts {
		req := d.payBitcoin(t, fmt.Sprint(i))
		for n := range callers {
			all.Go(func() {
				res, err := d.signBitcoin(req)
				if err != nil {
					t.Error(err)
					return
				}
				answers[i*callers+n] = res.GetRawTx()
			})
		}
	}
	all.Wait()
	for i := range answers {
		if !bytes.Equal(answers[i], answers[i/callers*callers]) {
			t.Errorf("answer %d differs from another to the same request", i)
		}
	}
	count := d.entries(t)
	if n := d.signedCount(t); n != payouts || count[loggedSigned] != payouts || count[loggedRepeated] != payouts*(callers-1) {
		t.Errorf("%d signatures are recorded; logged: %v", n, count)
	}
}
