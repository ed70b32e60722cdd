package signer

import (
	"bytes"
	"os"
	"testing"
)

// Setup: the signer is killed after the memory has a signature and before, while or after
// its line is written to the log.
//
// Test: the next start completes the log; asked again it gives the same bytes, signs
// nothing else for that authority, and has each decision in its log once.
func TestKilledBetweenMemoryAndLog(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]func(pending []byte) []byte{
		"before the log":       func([]byte) []byte { return nil },
		"within a line":        func(pending []byte) []byte { return pending[:len(pending)/2] },
		"before it is synced":  func(pending []byte) []byte { return pending },
		"with the file's size": func(pending []byte) []byte { return make([]byte, len(pending)) },
		"with half of the line": func(pending []byte) []byte {
			return append(pending[:len(pending)/2:len(pending)/2], make([]byte, 100)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			authority := d.payouts(t, "bitcoin", "a")
			req := d.batchOf(t, "bitcoin", authority, feeSat, "x")
			first, err := d.signBitcoin(req)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.signer.Close(); err != nil {
				t.Fatal(err)
			}
			head := d.signer.memory.head
			whole, err := os.ReadFile(d.logPath())
			if err != nil {
				t.Fatal(err)
			}
			restore(t, d.logPath(), append(whole[:head.Size:head.Size], left(head.Pending)...))
			d.open(t)
			again, err := d.signBitcoin(req)
			if err != nil || !bytes.Equal(again.GetRawTx(), first.GetRawTx()) {
				t.Fatalf("other bytes, or %v", err)
			}
			_, err = d.signBitcoin(d.batchOf(t, "bitcoin", authority, feeSat, "y"))
			wantRefusal(t, err, "unsigned_tx", "does not conflict")
			count := d.entries(t)
			if n := d.signedCount(t); n != 1 || count[loggedSigned] != 1 || count[loggedRepeated] != 1 || count[loggedRefused] != 1 || count[loggedStart] != 2 {
				t.Errorf("%d signatures; logged: %v", n, count)
			}
		})
	}
}
