package psbt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/psbt"
	"ferry/swap/asset"
)

type vector struct {
	Case   string `json:"case"`
	Hex    string `json:"hex"`
	Base64 string `json:"base64"`
}

// vectors are those of BIP 174, as its text has them.
type vectors struct {
	Invalid     []vector `json:"invalid"`
	Valid       []vector `json:"valid"`
	FailsSigner []vector `json:"fails_signer"`
	Steps       []vector `json:"steps"`
	Previous    []string `json:"previous"`
	Extracted   string   `json:"extracted"`
}

func bip174(t testing.TB) (v vectors) {
	t.Helper()
	raw, err := os.ReadFile("testdata/bip174.json")
	must(t, err)
	must(t, json.Unmarshal(raw, &v))
	if len(v.Invalid) != 20 || len(v.Valid) != 10 || len(v.FailsSigner) != 4 || len(v.Steps) != 10 || len(v.Previous) != 2 {
		t.Fatalf("%d invalid, %d valid, %d that no signer takes, %d steps", len(v.Invalid), len(v.Valid), len(v.FailsSigner), len(v.Steps))
	}
	return v
}

func (v vector) bytes(t testing.TB) []byte {
	t.Helper()
	raw, err := hex.DecodeString(v.Hex)
	must(t, err)
	return raw
}

// What BIP 174 calls invalid is refused as a file and as text; the rest is read, and what
// is written again is what was read.
func TestBIP174(t *testing.T) {
	t.Parallel()
	v := bip174(t)
	for _, c := range v.Invalid {
		for _, form := range [][]byte{c.bytes(t), []byte(c.Base64)} {
			if _, err := psbt.Read(form); !errors.Is(err, psbt.ErrFormat) {
				t.Errorf("%s: %v", c.Case, err)
			}
		}
	}
	for _, c := range append(append(v.Valid, v.Steps...), v.FailsSigner...) {
		for _, form := range [][]byte{c.bytes(t), []byte(c.Base64), []byte("\n  " + c.Base64[:8] + "\r\n" + c.Base64[8:] + "\n")} {
			d, err := psbt.Read(form)
			if err != nil {
				t.Errorf("%s: %v", c.Case, err)
				continue
			}
			again, err := d.Bytes()
			must(t, err)
			if text, err := d.Text(); err != nil || text != base64.StdEncoding.EncodeToString(again) {
				t.Errorf("%s is written as %s (%v)", c.Case, text, err)
			}
			want := c.bytes(t)
			if c.Case == "combined" { // its signatures are in no order; they are written in that of their keys
				slices.Sort(again)
				slices.Sort(want)
			}
			if !bytes.Equal(again, want) {
				t.Errorf("%s is written as %x", c.Case, again)
			}
		}
	}
}

// What a signer must not sign has no fee either; and what it signs has the one that the
// transactions before it say.
func TestBIP174SignersChecks(t *testing.T) {
	t.Parallel()
	v := bip174(t)
	for _, c := range v.FailsSigner {
		d, err := psbt.Read(c.bytes(t))
		must(t, err)
		if _, err := d.Fee(); !errors.Is(err, psbt.ErrFormat) {
			t.Errorf("%s: %v", c.Case, err)
		}
	}
	for i, want := range []struct {
		fee    string
		signed bool
	}{{"", false}, {"10000", false}, {"10000", false}, {"10000", false}, {"10000", false}, {"10000", false}, {"10000", true}} {
		d, err := psbt.Read(v.Steps[i].bytes(t))
		must(t, err)
		fee, err := d.Fee()
		if want.fee == "" && err == nil || want.fee != "" && (err != nil || fee.String() != want.fee) {
			t.Errorf("%s: fee %s, %v", v.Steps[i].Case, fee, err)
		}
		if d.Signed() != want.signed {
			t.Errorf("%s: signed is %t", v.Steps[i].Case, d.Signed())
		}
	}
}

// The final one is the transaction that BIP 174 extracts, and an attempt of the same bytes
// and previous transactions is the same document.
func TestBIP174Extracted(t *testing.T) {
	t.Parallel()
	v := bip174(t)
	final, err := psbt.Read(v.Steps[6].bytes(t))
	must(t, err)
	signed := vector{Hex: v.Extracted}.bytes(t)
	unsigned := final.Transaction()
	plan := chain.Plan{Unsigned: encoded(t, unsigned), Fee: asset.NewUnits(10_000)}
	for i, in := range unsigned.TxIn {
		previous := new(wire.MsgTx)
		raw := vector{Hex: v.Previous[1-i]}.bytes(t) // the first input is of the second
		must(t, previous.Deserialize(bytes.NewReader(raw)))
		value := previous.TxOut[in.PreviousOutPoint.Index].Value
		plan.Coins = append(plan.Coins, chain.Coin{TxID: in.PreviousOutPoint.Hash.String(), Index: in.PreviousOutPoint.Index,
			Units: asset.NewUnits(uint64(value)), PreviousTx: raw})
	}
	must(t, final.Check(asset.Bitcoin, plan, signed))
	signed[60] ^= 1 // in the first signature
	if err := final.Check(asset.Bitcoin, plan, signed); !errors.Is(err, psbt.ErrOther) {
		t.Errorf("with another signature: %v", err)
	}
}

// Every byte counts: none can be left out or follow.
func TestBIP174CutShort(t *testing.T) {
	t.Parallel()
	raw := bip174(t).Steps[6].bytes(t)
	for n := range raw {
		if _, err := psbt.Read(raw[:n]); !errors.Is(err, psbt.ErrFormat) {
			t.Fatalf("its first %d bytes are read (%v)", n, err)
		}
	}
	for _, more := range []byte{0, 1, 0xff} {
		if _, err := psbt.Read(append(bytes.Clone(raw), more)); !errors.Is(err, psbt.ErrFormat) {
			t.Errorf("%d follows: %v", more, err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
