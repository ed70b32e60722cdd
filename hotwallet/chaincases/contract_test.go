package chaincases_test

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/swap/asset"
)

// artifactsFile has the contracts of package ethereum's tests, compiled from the
// sources beside it by `make contracts`.
const artifactsFile = "../chain/ethereum/testdata/contracts/artifacts.json"

// artifact is a contract that can be made.
type artifact struct {
	Code    string            `json:"code"`
	Methods map[string]string `json:"methods"`
}

func readArtifact(t *testing.T, contract string) artifact {
	t.Helper()
	raw, err := os.ReadFile(artifactsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Contracts map[string]artifact `json:"contracts"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	found, ok := all.Contracts[contract]
	if !ok {
		t.Fatalf("there is no contract %s", contract)
	}
	return found
}

// contractGas is enough for anything here, also after Amsterdam, when code costs more.
const contractGas = 12_000_000

// make makes a contract, with its constructor's arguments, and mines it.
func (g *geth) make(t *testing.T, contract string, value *big.Int, words ...any) (common.Address, *types.Transaction) {
	t.Helper()
	code := append(common.FromHex(readArtifact(t, contract).Code), encodeWords(t, words)...)
	tx := g.signWith(t, contractGas, g.nonce(t), 1, nil, value, code)
	g.send(t, tx)
	return crypto.CreateAddress(crypto.PubkeyToAddress(g.stranger.PublicKey), tx.Nonce()), tx
}

// run has the stranger call a contract's method, into the mempool.
func (g *geth) run(t *testing.T, at common.Address, value asset.Units, contract, signature string, words ...any) *types.Transaction {
	t.Helper()
	selector, ok := readArtifact(t, contract).Methods[signature]
	if !ok {
		t.Fatalf("%s has no method %s", contract, signature)
	}
	data := append(common.FromHex(selector), encodeWords(t, words)...)
	tx := g.signWith(t, 3_000_000, g.nonce(t), 1, &at, value.Big(), data)
	g.send(t, tx)
	return tx
}

// wantMined demands that a transaction is in a block, with status 1: what a case is
// about has to have happened.
func (g *geth) wantMined(t *testing.T, tx *types.Transaction) {
	t.Helper()
	var receipt *struct{ Status string }
	g.call(t, &receipt, "eth_getTransactionReceipt", tx.Hash())
	if receipt == nil || receipt.Status != "0x1" {
		t.Fatalf("the transaction has the receipt %+v, this case is about one with status 1", receipt)
	}
}

// encodeWords is Solidity's ABI for what fits a word.
func encodeWords(t *testing.T, words []any) []byte {
	t.Helper()
	var raw []byte
	for _, w := range words {
		switch w := w.(type) {
		case common.Address:
			raw = append(raw, common.LeftPadBytes(w[:], 32)...)
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
