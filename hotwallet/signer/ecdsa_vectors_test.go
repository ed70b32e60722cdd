package signer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap"
	"ferry/swap/asset"
)

// lowS reports whether a signature is the one of two that Bitcoin's nodes relay.
func lowS(s btcec.ModNScalar) bool { return !s.IsOverHalfOrder() }

// Project Wycheproof's signatures in Bitcoin's form, which go-ethereum's module carries
// with libsecp256k1: what reads and verifies ours accepts the valid ones and no others.
func TestWycheproof(t *testing.T) {
	t.Parallel()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/ethereum/go-ethereum").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "crypto", "secp256k1", "libsecp256k1", "src", "wycheproof", "ecdsa_secp256k1_sha256_bitcoin_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		NumberOfTests int `json:"numberOfTests"`
		TestGroups    []struct {
			PublicKey struct {
				Uncompressed string `json:"uncompressed"`
			} `json:"publicKey"`
			Tests []struct {
				ID      int    `json:"tcId"`
				Comment string `json:"comment"`
				Msg     string `json:"msg"`
				Sig     string `json:"sig"`
				Result  string `json:"result"`
			} `json:"tests"`
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, group := range file.TestGroups {
		key, err := btcec.ParsePubKey(unhex(t, group.PublicKey.Uncompressed))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range group.Tests {
			digest := sha256.Sum256(unhex(t, c.Msg))
			sig, err := ecdsa.ParseDERSignature(unhex(t, c.Sig))
			accepted := err == nil && lowS(sig.S()) && sig.Verify(digest[:], key)
			ours := verifySignature(key.SerializeCompressed(), digest[:], unhex(t, c.Sig)) == nil
			if accepted != (c.Result == "valid") || ours != accepted {
				t.Errorf("%d (%s) is %s, accepted: %t by btcd, %t here", c.ID, c.Comment, c.Result, accepted, ours)
			}
			seen[c.Result]++
		}
	}
	if seen["valid"]+seen["invalid"] != file.NumberOfTests || seen["valid"] < 100 || seen["invalid"] < 200 {
		t.Errorf("%v of %d", seen, file.NumberOfTests)
	}
}

// BIP143's example of a native P2WPKH input: the digest and the signature are those.
func TestBIP143(t *testing.T) {
	t.Parallel()
	tx := new(wire.MsgTx)
	unsigned := unhex(t, "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffff"+
		"ef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a914"+
		"8280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000")
	if err := tx.DeserializeNoWitness(bytes.NewReader(unsigned)); err != nil {
		t.Fatal(err)
	}
	key, public := btcec.PrivKeyFromBytes(unhex(t, "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9"))
	script := append([]byte{txscript.OP_0, 20}, address.Hash160(public.SerializeCompressed())...)
	coin := wire.NewTxOut(6_0000_0000, script)
	first := wire.NewTxOut(6_2500_0000, unhex(t, "2103c9f4836b9a4f77fc0d81f7bcb01b7f1b35916864b9476c241ce9fc198bd25432ac"))
	fetcher := txscript.NewMultiPrevOutFetcher(map[wire.OutPoint]*wire.TxOut{tx.TxIn[0].PreviousOutPoint: first, tx.TxIn[1].PreviousOutPoint: coin})
	hashes := txscript.NewTxSigHashes(tx, fetcher)
	digest, err := txscript.CalcWitnessSigHash(script, hashes, txscript.SigHashAll, tx, 1, coin.Value)
	if err != nil || hex.EncodeToString(digest) != "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670" {
		t.Errorf("digest %x, %v", digest, err)
	}
	b := utxoTx{chain: asset.Bitcoin, tx: tx, spent: []*wire.TxOut{first, coin}, public: [][]byte{nil, public.SerializeCompressed()}}
	signed, err := b.witness(hashes, 1, key)
	if err != nil {
		t.Fatal(err)
	}
	tx.TxIn[1].Witness = signed
	if err := b.verifyWitness(hashes, 1); err != nil {
		t.Error(err)
	}
	const want = "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee01"
	if got := hex.EncodeToString(signed[0]); got != want || hex.EncodeToString(signed[1]) != "025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357" {
		t.Errorf("signature %s, key %x", got, signed[1])
	}
}

// RFC 6979's nonce on this curve, by the signature that everybody compares with.
func TestRFC6979(t *testing.T) {
	t.Parallel()
	key, _ := btcec.PrivKeyFromBytes(append(make([]byte, 31), 1))
	digest := sha256.Sum256([]byte("Satoshi Nakamoto"))
	sig := ecdsa.Sign(key, digest[:])
	r, s := sig.R(), sig.S()
	rBytes, sBytes := r.Bytes(), s.Bytes()
	if got := fmt.Sprintf("%x %x", rBytes, sBytes); got != "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8 2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5" {
		t.Errorf("signature %s", got)
	}
}

// Over everything that was signed no two signatures have an r in common, which would
// tell the key, and each has the lower s.
func TestOwnSignatures(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	seen := map[string]string{}
	scan := func(name string, r, s []byte) {
		t.Helper()
		var high btcec.ModNScalar
		if overflow := high.SetByteSlice(s); overflow || !lowS(high) {
			t.Errorf("%s: s is %x", name, s)
		}
		if other, twice := seen[hex.EncodeToString(r)]; twice {
			t.Errorf("%s and %s have r %x in common", name, other, r)
		}
		seen[hex.EncodeToString(r)] = name
	}
	for i := range 20 {
		name := fmt.Sprint(i)
		res, err := d.signBitcoin(d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, name), payoutSat, feeSat, name, name+" too"))
		if err != nil {
			t.Fatal(err)
		}
		tx := new(wire.MsgTx)
		if err := tx.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
			t.Fatal(err)
		}
		for n, in := range tx.TxIn {
			sig, err := ecdsa.ParseDERSignature(in.Witness[0][:len(in.Witness[0])-1])
			if err != nil {
				t.Fatal(err)
			}
			r, s := sig.R(), sig.S()
			rBytes, sBytes := r.Bytes(), s.Bytes()
			scan(fmt.Sprint("bitcoin ", i, n), rBytes[:], sBytes[:])
		}
		res, err = d.signEthereum(sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, name), transfer(uint64(i), payoutWei())))
		if err != nil {
			t.Fatal(err)
		}
		var ether types.Transaction
		if err := ether.UnmarshalBinary(res.GetRawTx()); err != nil {
			t.Fatal(err)
		}
		_, r, s := ether.RawSignatureValues()
		scan(fmt.Sprint("ethereum ", i), r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32)))
	}
	if len(seen) != 60 {
		t.Errorf("%d signatures were scanned", len(seen))
	}
}
