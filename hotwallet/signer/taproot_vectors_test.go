package signer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// BIP341's wallet-test-vectors.json, its section keyPathSpending: the digest of each input,
// and the script engine's verdict on the whole transaction. The signer signs no taproot
// input; runScript is what its inputs without a witness are verified by, and a change of
// any amount must be seen by it, because BIP341 signs them all.
func TestBIP341(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../keys/testdata/bip341.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		KeyPathSpending []struct {
			Given struct {
				UtxosSpent []struct {
					ScriptPubKey string `json:"scriptPubKey"`
					AmountSats   int64  `json:"amountSats"`
				} `json:"utxosSpent"`
			} `json:"given"`
			InputSpending []struct {
				Given struct {
					TxinIndex int                  `json:"txinIndex"`
					HashType  txscript.SigHashType `json:"hashType"`
				} `json:"given"`
				Intermediary struct {
					SigHash string `json:"sigHash"`
				} `json:"intermediary"`
				Expected struct {
					Witness []string `json:"witness"`
				} `json:"expected"`
			} `json:"inputSpending"`
			Auxiliary struct {
				FullySignedTx string `json:"fullySignedTx"`
			} `json:"auxiliary"`
		} `json:"keyPathSpending"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.KeyPathSpending) != 1 || len(file.KeyPathSpending[0].InputSpending) != 7 {
		t.Fatal("the document has one transaction with 7 inputs of taproot")
	}
	v := file.KeyPathSpending[0]
	b := utxoTx{tx: new(wire.MsgTx)}
	if err := b.tx.Deserialize(bytes.NewReader(unhex(t, v.Auxiliary.FullySignedTx))); err != nil {
		t.Fatal(err)
	}
	for _, out := range v.Given.UtxosSpent {
		b.spent = append(b.spent, wire.NewTxOut(out.AmountSats, unhex(t, out.ScriptPubKey)))
	}
	if len(b.spent) != 9 || len(b.tx.TxIn) != 9 {
		t.Fatalf("%d inputs spend %d coins", len(b.tx.TxIn), len(b.spent))
	}
	hashes := txscript.NewTxSigHashes(b.tx, b.fetcher())
	for i, coin := range b.spent {
		if err := runScript(b.tx, i, coin, hashes, b.fetcher()); err != nil {
			t.Errorf("input %d: %v", i, err)
		}
	}
	for _, c := range v.InputSpending {
		i := c.Given.TxinIndex
		digest, err := txscript.CalcTaprootSignatureHash(hashes, c.Given.HashType, b.tx, i, b.fetcher())
		if err != nil || hex.EncodeToString(digest) != c.Intermediary.SigHash {
			t.Errorf("input %d: digest %x (%v), want %s", i, digest, err, c.Intermediary.SigHash)
		}
		if len(c.Expected.Witness) != 1 || hex.EncodeToString(b.tx.TxIn[i].Witness[0]) != c.Expected.Witness[0] {
			t.Errorf("input %d is not signed as the document says", i)
		}
		b.spent[i].Value++
		if err := runScript(b.tx, i, b.spent[i], txscript.NewTxSigHashes(b.tx, b.fetcher()), b.fetcher()); err == nil {
			t.Errorf("input %d: another amount was not seen", i)
		}
		b.spent[i].Value--
	}
}
