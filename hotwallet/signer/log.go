package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// What an entry of the log is about.
const (
	loggedStart    = "start"    // the signer was opened
	loggedSigned   = "signed"   // a signature was given
	loggedRepeated = "repeated" // one that was given before was given again
	loggedRefused  = "refused"  // none was given
	loggedSwitch   = "switch"   // a switch was turned
	loggedAnew     = "anew"     // the log was begun anew, after it was lost
)

// Entry is one line of the log, in JSON. Each names the SHA-256 of the line before it,
// so that what the last one is fixes all of them.
type Entry struct {
	// Number counts from 1.
	Number   uint64    `json:"n"`
	Previous string    `json:"previous"`
	At       time.Time `json:"at"`
	What     string    `json:"what"`
	// Of a decision: on which chain, for which purpose and authority, of how many.
	Chain       asset.Chain  `json:"chain,omitempty"`
	Purpose     swap.Purpose `json:"purpose,omitempty"`
	Authority   string       `json:"authority,omitempty"`
	Authorities int          `json:"authorities,omitempty"`
	SwapID      string       `json:"swap_id,omitempty"`
	// Of what was signed.
	Amounts []asset.Amount `json:"amounts,omitempty"`
	Fee     *asset.Units   `json:"fee,omitempty"`
	Spends  []string       `json:"spends,omitempty"`
	TxID    string         `json:"txid,omitempty"`
	// Of a refusal, or of a log begun anew.
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Of a switch.
	Switch *Change `json:"switch,omitempty"`
}

// logHead is where the log ends, as the memory knows it.
type logHead struct {
	// Number and Hash are of the last entry; before the first, 0 and the fingerprint's.
	Number uint64 `json:"number"`
	Hash   string `json:"hash"`
	// Segment is the file that it is in, Size that file's bytes without what is
	// pending: the lines of the last decisions, which may not have reached the file.
	Segment uint64 `json:"segment"`
	Size    int64  `json:"size"`
	Pending []byte `json:"-"`
}

// firstHead is that of a log without entries.
func firstHead(fingerprint string) logHead {
	return logHead{Hash: hashLine([]byte("ferry signer log 1 " + fingerprint)), Segment: 1}
}

func hashLine(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// next is the head before anything is added to it: all that was pending is in its file
// by now, and a file of full bytes or more is followed by another.
func (h logHead) next(full int64) logHead {
	h.Size, h.Pending = h.Size+int64(len(h.Pending)), nil
	if h.Size >= full {
		h.Segment, h.Size = h.Segment+1, 0
	}
	return h
}

// add chains an entry to the head.
func (h *logHead) add(e Entry) error {
	e.Number, e.Previous, e.At = h.Number+1, h.Hash, e.At.UTC()
	e.Reason = cut(e.Reason, maxLoggedReason)
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode entry %d of the log: %w", e.Number, err)
	}
	h.Number, h.Hash = e.Number, hashLine(line)
	h.Pending = append(append(h.Pending, line...), '\n')
	return nil
}

// follows reads the line that comes after the head's last one, and moves the head on.
func (h *logHead) follows(line []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("the line after entry %d is no entry: %w", h.Number, err)
	}
	if e.Number != h.Number+1 || e.Previous != h.Hash {
		return e, fmt.Errorf("entry %d of the log does not follow entry %d: a line was cut out, changed or moved", e.Number, h.Number)
	}
	h.Number, h.Hash = e.Number, hashLine(line)
	return e, nil
}

// cut shortens a text to a number of bytes.
func cut(text string, most int) string { return text[:min(len(text), most)] }

// maxLoggedReason bounds the sentence in an entry, in bytes.
const maxLoggedReason = 500
