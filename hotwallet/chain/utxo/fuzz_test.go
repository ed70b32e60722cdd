package utxo

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// A script is recognised only as the one that its address makes, and the address
// is one that users can be given.
func FuzzAddress(f *testing.F) {
	key := publicKey(1).SerializeCompressed()
	f.Add(scriptOf(f, must(address.NewAddressPubKeyHash(address.Hash160(key), params))(f)))
	f.Add(scriptOf(f, must(address.NewAddressScriptHash([]byte{txscript.OP_TRUE}, params))(f)))
	f.Add(scriptOf(f, must(address.NewAddressWitnessPubKeyHash(address.Hash160(key), params))(f)))
	f.Add(scriptOf(f, must(address.NewAddressTaproot(key[1:], params))(f)))
	one := must(address.NewAddressPubKey(key, params))(f)
	f.Add(scriptOf(f, one))
	f.Add(must(txscript.MultiSigScript([]*address.AddressPubKey{one}, 1))(f))
	f.Add(must(txscript.NullDataScript([]byte("omni")))(f))
	networks := asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}
	f.Fuzz(func(t *testing.T, script []byte) {
		text, ok := Address(params)(script)
		if !ok {
			return
		}
		if canonical, err := networks.ParseAddress(asset.Bitcoin, text); err != nil || canonical != text {
			t.Fatalf("%x is %s, which parses as %q (%v)", script, text, canonical, err)
		}
		again, err := address.DecodeAddress(text, params)
		if err != nil || !bytes.Equal(scriptOf(t, again), script) {
			t.Fatalf("%x is %s, whose script is another (%v)", script, text, err)
		}
	})
}

// plain watches every address and no coin.
type plain struct{ everything }

func (plain) Coin(string) bool { return false }

// A block of any transactions, with a header that commits to them: each output
// above zero with an exact script is credited once, at its amount, and nothing else.
func FuzzMatchBlock(f *testing.F) {
	var raw bytes.Buffer
	for _, tx := range testBlock(f, 3).Transactions[1:] {
		if err := tx.Serialize(&raw); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(raw.Bytes())
	f.Fuzz(func(t *testing.T, txs []byte) {
		b := testBlock(t, 0)
		for r := bytes.NewReader(txs); r.Len() > 0; {
			var tx wire.MsgTx
			if tx.Deserialize(r) != nil {
				break
			}
			b.Transactions = append(b.Transactions, &tx)
		}
		ids, err := b.TxHashes()
		if err != nil {
			t.Fatal(err)
		}
		if b.Header.MerkleRoot, err = merkleRoot(ids); err != nil {
			return // it repeats itself
		}
		got, err := reader().readBlock(encode(t, b), refOf(b), plain{})
		if err != nil {
			return
		}
		want := map[string]int64{}
		for i, tx := range b.Transactions {
			for n, out := range tx.TxOut {
				if _, ok := Address(params)(out.PkScript); ok && out.Value > 0 {
					want[chain.CoinID(ids[i].String(), uint32(n))] = out.Value
				}
			}
		}
		for _, c := range got.Credits {
			if v, ok := want[c.CoinID()]; !ok || c.Units != asset.NewUnits(uint64(v)) || c.Coinbase != (c.TxID == ids[0].String()) {
				t.Fatalf("%+v is credited, want %d", c, v)
			}
			delete(want, c.CoinID())
		}
		if len(want) != 0 {
			t.Fatalf("not credited: %v", want)
		}
	})
}

// Whatever the node says of its mempool, what is remembered is bounded and is what
// it listed; a transaction counts only under its own id.
func FuzzMempool(f *testing.F) {
	raw := hex.EncodeToString(rawTx(f))
	tx, err := DecodeTx(rawTx(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`["`+tx.TxHash().String()+`"]`, `"`+raw+`"`)
	f.Add(`[]`, `null`)
	f.Add(`null`, `"00"`)
	f.Add(`["`+strings.Repeat("ab", 32)+`"]`, `{}`)
	f.Fuzz(func(t *testing.T, list, transaction string) {
		var txids []string
		if decodeReply([]byte(`{"result":`+list+`}`), 200, &txids) != nil {
			return
		}
		a := reader()
		a.sighted["gone"] = nil
		for _, txid := range a.forgetAllBut(txids) {
			if !isHash(txid) {
				t.Fatalf("%q is asked for", txid)
			}
			var text string
			if decodeReply([]byte(`{"result":`+transaction+`}`), 200, &text) != nil {
				continue
			}
			bytes, err := hex.DecodeString(text)
			if err != nil {
				continue
			}
			if tx, err := DecodeTx(bytes); err == nil && tx.TxHash().String() == txid {
				a.sighted[txid] = a.payments(tx)
			}
		}
		if len(a.sighted) > len(txids) {
			t.Fatalf("%d remembered of %d", len(a.sighted), len(txids))
		}
	})
}

// An amount is read exactly or not at all, whatever way it is written.
func FuzzParseCoins(f *testing.F) {
	for _, text := range []string{"0.00000001", "1e-08", "21000000", "1E2", "-1", "0.000000001", "1e21"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n json.Number
		if json.Unmarshal([]byte(text), &n) != nil {
			return
		}
		units, err := parseCoins(n)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(n.String())
		if !ok || want.Mul(want, new(big.Rat).SetInt64(1e8)).Cmp(new(big.Rat).SetInt(units.Big())) != 0 {
			t.Fatalf("%q is read as %s", text, units)
		}
		if rate, err := parseRate(n); err == nil && units.String() != big.NewInt(0).SetUint64(rate).String() {
			t.Fatalf("%q is %s as an amount and %d as a rate", text, units, rate)
		}
	})
}

// A coin's name is read as the coin that is written so.
func FuzzSplitCoin(f *testing.F) {
	f.Add(chain.CoinID(strings.Repeat("0a", 32), 7))
	f.Add("a:b")
	f.Fuzz(func(t *testing.T, id string) {
		txid, index, err := splitCoin(id)
		if err == nil && chain.CoinID(txid, index) != id {
			t.Fatalf("%q is read as %s", id, chain.CoinID(txid, index))
		}
	})
}
