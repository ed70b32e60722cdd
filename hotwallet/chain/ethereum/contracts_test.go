package ethereum_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"ferry/hotwallet/chain/chaintest"
	"ferry/swap/asset"
)

// artifacts are the contracts of testdata/contracts, compiled by `make contracts`.
type artifacts struct {
	Sources   map[string]string `json:"sources"`
	Contracts map[string]struct {
		Code    string            `json:"code"`
		Methods map[string]string `json:"methods"`
	} `json:"contracts"`
}

const contractsDir = "testdata/contracts"

func readArtifacts(t testing.TB) artifacts {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(contractsDir, "artifacts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var a artifacts
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// What is compiled is what one can read.
func TestArtifactsAreOfTheirSources(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(contractsDir, "*.sol"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	a := readArtifacts(t)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(source)
		if name := filepath.Base(file); a.Sources[name] != hex.EncodeToString(digest[:]) {
			t.Errorf("%s has changed since it was compiled: run `make contracts`", name)
		}
	}
	if len(a.Sources) != len(files) {
		t.Errorf("artifacts of %d sources, there are %d", len(a.Sources), len(files))
	}
}

// make makes a contract without constructor arguments.
func (h *harness) make(t testing.TB, contract string) common.Address {
	t.Helper()
	return h.deployCode(t, creation(t, contract))
}

// creation is the code that makes a contract, with its constructor's arguments.
func creation(t testing.TB, contract string, words ...any) []byte {
	t.Helper()
	c, ok := readArtifacts(t).Contracts[contract]
	if !ok {
		t.Fatalf("there is no contract %s", contract)
	}
	return append(common.FromHex(c.Code), encodeWords(t, words)...)
}

// method is a call with arguments of one word each.
func method(t testing.TB, contract, signature string, words ...any) []byte {
	t.Helper()
	selector, ok := readArtifacts(t).Contracts[contract].Methods[signature]
	if !ok {
		t.Fatalf("%s has no method %s", contract, signature)
	}
	return append(common.FromHex(selector), encodeWords(t, words)...)
}

// encodeWords is Solidity's ABI for what fits a word.
func encodeWords(t testing.TB, words []any) []byte {
	t.Helper()
	var raw []byte
	for _, w := range words {
		switch w := w.(type) {
		case common.Address:
			raw = append(raw, common.LeftPadBytes(w[:], 32)...)
		case *big.Int:
			raw = append(raw, common.LeftPadBytes(w.Bytes(), 32)...)
		case asset.Units:
			raw = append(raw, common.LeftPadBytes(w.Big().Bytes(), 32)...)
		case int:
			raw = append(raw, common.LeftPadBytes(big.NewInt(int64(w)).Bytes(), 32)...)
		default:
			t.Fatalf("no word of %T", w)
		}
	}
	return raw
}

// batchCall is Batch.pay with its two arrays.
func batchCall(t testing.TB, payments ...chaintest.Payment) []byte {
	t.Helper()
	n := len(payments)
	words := []any{64, 64 + 32*(1+n), n}
	for _, p := range payments {
		words = append(words, common.HexToAddress(p.Address))
	}
	words = append(words, n)
	for _, p := range payments {
		words = append(words, p.Units)
	}
	return method(t, "Batch", "pay(address[],uint256[])", words...)
}
