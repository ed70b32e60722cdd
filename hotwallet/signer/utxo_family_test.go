package signer

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

var utxoChains = []asset.Chain{asset.Bitcoin, asset.Litecoin, asset.BitcoinCash}

// Each chain of the family pays out and refunds, in its own form.
func TestSignUTXOOnEachChain(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	for _, on := range utxoChains {
		id := on.NativeID()
		for name, req := range map[string]*ferryv1.SignUTXORequest{
			"payout": d.spendOn(t, on, d.authority(t, swap.PurposePayout, asset.ETH, id, "a"+string(on)), payoutSat, feeSat, "x", "y"),
			"refund": d.spendOn(t, on, d.authority(t, swap.PurposeRefund, id, asset.ETH, "b"), payoutSat-5_000, feeSat, "z"),
		} {
			res, err := d.signBitcoin(req)
			if err != nil {
				t.Fatalf("%s %s: %v", on, name, err)
			}
			signed := new(wire.MsgTx)
			if err := signed.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
				t.Fatalf("%s %s: %v", on, name, err)
			}
			if signed.TxHash().String() != res.GetTxid() {
				t.Errorf("%s %s: txid %s of %s", on, name, res.GetTxid(), signed.TxHash())
			}
			for i, in := range signed.TxIn {
				legacy := on == asset.BitcoinCash
				if (len(in.Witness) == 0) != legacy || (len(in.SignatureScript) == 0) == legacy {
					t.Errorf("%s %s: input %d has %d witness items and a script of %d bytes", on, name, i, len(in.Witness), len(in.SignatureScript))
				}
			}
		}
	}
}

// What the caps count is at least what is signed, and not much more: a signature is
// a byte or two shorter than the longest.
func TestSignedSizeIsThatOfTheSigned(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	for _, on := range utxoChains {
		req := d.spendOn(t, on, d.authority(t, swap.PurposePayout, asset.ETH, on.NativeID(), string(on)), payoutSat, feeSat, "x", "y")
		res, err := d.signBitcoin(req)
		if err != nil {
			t.Fatal(err)
		}
		signed := new(wire.MsgTx)
		if err := signed.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
			t.Fatal(err)
		}
		size := uint64(signed.SerializeSizeStripped()*3+signed.SerializeSize()+3) / 4
		if counted := countedSize(t, on, req, on, on); counted < size || counted > size+6 {
			t.Errorf("%s: counted %d, is %d", on, counted, size)
		}
	}
}

// countedSize is what the caps count for a transaction whose inputs' keys are of chains.
func countedSize(t *testing.T, on asset.Chain, req *ferryv1.SignUTXORequest, homes ...asset.Chain) uint64 {
	t.Helper()
	unsigned, err := decodeUTXO(on, req.GetUnsignedTx())
	if err != nil {
		t.Fatal(err)
	}
	b := utxoTx{chain: on, tx: unsigned}
	for _, home := range homes {
		b.at = append(b.at, position{chain: home})
	}
	return signedSize(b)
}

// An order of one chain is worth nothing on its siblings: not as it is, not with
// another chain's name on it, not with the sibling's own paths; and what is signed for
// one does not verify as another's.
func TestSiblingsAreNotTaken(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	for _, on := range utxoChains {
		good := d.spendOn(t, on, d.authority(t, swap.PurposePayout, asset.ETH, on.NativeID(), "a"+string(on)), payoutSat, feeSat, "x")
		for _, other := range utxoChains {
			if other == on {
				continue
			}
			renamed := proto.Clone(good).(*ferryv1.SignUTXORequest)
			renamed.Chain = string(other)
			_, err := d.signBitcoin(renamed)
			wantRefusal(t, err, "authority.purpose", "pays out on another chain")

			// A genuine order of the other chain, with this chain's transaction.
			genuine := d.spendOn(t, other, d.authority(t, swap.PurposePayout, asset.ETH, other.NativeID(), fmt.Sprint("b", on, other)), payoutSat, feeSat, "x")
			swapped := proto.Clone(genuine).(*ferryv1.SignUTXORequest)
			swapped.UnsignedTx, swapped.Inputs, swapped.Change = good.GetUnsignedTx(), good.GetInputs(), good.GetChange()
			_, err = d.signBitcoin(swapped)
			wantRefusal(t, err, "inputs.0.path", "not one whose coins may be spent")

			// The same with paths of the other chain: its keys do not own these coins.
			swapped = proto.Clone(swapped).(*ferryv1.SignUTXORequest)
			swapped.Inputs[0].Path = genuine.GetInputs()[0].GetPath()
			_, err = d.signBitcoin(swapped)
			wantRefusal(t, err, "inputs.0.path", "does not belong to the key")
		}
		if _, err := d.signBitcoin(good); err != nil {
			t.Errorf("%s itself: %v", on, err)
		}
	}
	for _, chain := range []string{"", "ethereum", "dogecoin", "Bitcoin"} {
		_, err := d.signBitcoin(&ferryv1.SignUTXORequest{Chain: chain})
		wantRefusal(t, err, "chain", "none of the UTXO family")
	}
}

// No key is another chain's, and a payment signed for Bitcoin Cash is none of Bitcoin's
// even where the coins would be: nobody can replay it.
func TestKeysAndSignaturesAreOfOneChain(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	seen := map[string]string{}
	for _, on := range asset.Chains() {
		for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
			key := d.keyOn(t, on, role, keys.External, 0)
			if other := seen[string(key.PublicKey)]; other != "" {
				t.Errorf("%s has the key of %s", key.Path, other)
			}
			seen[string(key.PublicKey)] = key.Path
		}
	}
	b, _ := signedForkID(t)
	fetcher := b.fetcher()
	for i, coin := range b.spent {
		engine, err := txscript.NewEngine(coin.PkScript, b.tx, i, txscript.ScriptBip16, nil, txscript.NewTxSigHashes(b.tx, fetcher), coin.Value, fetcher)
		if err == nil {
			err = engine.Execute()
		}
		if err == nil {
			t.Errorf("input %d is a payment on Bitcoin too", i)
		}
	}
}

// A deployment that does not run a chain signs nothing on it.
func TestChainsThatAreNotRun(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.spendOn(t, asset.Litecoin, d.authority(t, swap.PurposePayout, asset.ETH, asset.LTC, "a"), payoutSat, feeSat, "x")
	d.signer.ring.networks.Litecoin = ""
	_, err := d.signBitcoin(req)
	wantRefusal(t, err, "chain", "none of the UTXO family")
}

// Amounts are within the coins that there are, by chain.
func TestSupplyIsTheChains(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	for on, coins := range map[asset.Chain]int64{asset.Bitcoin: 21_000_000, asset.Litecoin: 84_000_000, asset.BitcoinCash: 21_000_000} {
		req := d.spendOn(t, on, nil, payoutSat, feeSat, "x")
		for value, fits := range map[int64]bool{coins * 100_000_000: true, coins*100_000_000 + 1: false} {
			alter(t, req, func(tx *wire.MsgTx) { tx.TxOut[0].Value = value })
			if _, err := decodeUTXO(on, req.GetUnsignedTx()); (err == nil) != fits {
				t.Errorf("%s: an output of %d: %v", on, value, err)
			}
		}
	}
}
