package chaincases_test

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

// params are simnet's: 50 BTC a block for long, and witnesses from block 300 on.
var params = &chaincfg.SimNetParams

// networks is what both nodes run on.
var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: gethChainID}

// replaceable signals BIP125, as wallets do.
const replaceable = 0xfffffffd

// btcd is a btcd whose rewards belong to the strangers. It plays all of them.
type btcd struct {
	config  parts.BtcdConfig
	process *parts.Btcd
	client  *rpcclient.Client
	reader  *utxo.Adapter
	miner   key
	keys    map[string]key // by address
	reward  int64          // the height of the next reward to spend
	spent   map[wire.OutPoint]*wire.TxOut
}

type key struct {
	private *btcec.PrivateKey
	address string
	script  []byte
}

func (k key) public() []byte { return k.private.PubKey().SerializeCompressed() }

func newBtcd(t *testing.T) *btcd {
	t.Helper()
	b := &btcd{keys: map[string]key{}, reward: 1, spent: map[wire.OutPoint]*wire.TxOut{}}
	b.miner = b.newKey(t)
	dir := t.TempDir()
	b.config = parts.BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "btcd"),
		LogFile: filepath.Join(dir, "log"), MiningAddress: b.miner.address}
	b.start(t)
	t.Cleanup(func() {
		b.client.Shutdown()
		if err := b.process.Kill(); err != nil {
			t.Error(err)
		}
	})
	var err error
	b.reader, err = bitcoin.New(utxo.Config{URL: "http://" + b.process.RPCAddress(), User: b.process.RPCUser(),
		Pass: b.process.RPCPassword(), Networks: networks})
	if err != nil {
		t.Fatal(err)
	}
	b.mine(t, 320) // witness spends are refused before block 300
	return b
}

func (b *btcd) start(t *testing.T) {
	t.Helper()
	var err error
	if b.process, err = parts.StartBtcd(t.Context(), b.config); err != nil {
		t.Fatal(err)
	}
	b.client, err = rpcclient.New(&rpcclient.ConnConfig{Host: b.process.RPCAddress(), User: b.process.RPCUser(),
		Pass: b.process.RPCPassword(), HTTPPostMode: true, DisableTLS: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// restart ends btcd and starts it again on the same chain: its mempool is gone.
func (b *btcd) restart(t *testing.T) {
	t.Helper()
	b.client.Shutdown()
	if err := b.process.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.start(t)
}

func (b *btcd) name() string           { return "btcd" }
func (b *btcd) adapter() chain.Adapter { return b.reader }

// newKey is fixed by its number, so a failing run can be repeated.
func (b *btcd) newKey(t *testing.T) key {
	t.Helper()
	private, public := btcec.PrivKeyFromBytes(chainhash.HashB(fmt.Appendf(nil, "ferry case key %d", len(b.keys))))
	a, err := address.NewAddressWitnessPubKeyHash(address.Hash160(public.SerializeCompressed()), params)
	if err != nil {
		t.Fatal(err)
	}
	k := key{private, a.EncodeAddress(), scriptFor(t, a)}
	b.keys[k.address] = k
	return k
}

func (b *btcd) newAddress(t *testing.T) string { return b.newKey(t).address }

func scriptFor(t *testing.T, a address.Address) []byte {
	t.Helper()
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// to is an output for one of our addresses.
func (b *btcd) to(a string, units asset.Units) *wire.TxOut {
	sat, ok := units.Uint64()
	if !ok {
		panic("more satoshis than there are: " + units.String())
	}
	return wire.NewTxOut(int64(sat), b.keys[a].script)
}

func (b *btcd) pay(t *testing.T, a string, units asset.Units) string {
	t.Helper()
	return b.send(t, b.spend(t, b.to(a, units)))
}

// spend makes a signed transaction of the next reward; the rest goes to the miner.
func (b *btcd) spend(t *testing.T, outputs ...*wire.TxOut) *wire.MsgTx {
	t.Helper()
	hash, err := b.client.GetBlockHash(b.reward)
	if err != nil {
		t.Fatal(err)
	}
	block, err := b.client.GetBlock(hash)
	if err != nil {
		t.Fatal(err)
	}
	b.reward++
	reward := block.Transactions[0]
	at := wire.OutPoint{Hash: reward.TxHash()}
	b.spent[at] = reward.TxOut[0]
	return b.from(t, at, 2000, outputs...)
}

// from makes a signed transaction of an output of a stranger's, at a fee.
func (b *btcd) from(t *testing.T, at wire.OutPoint, fee int64, outputs ...*wire.TxOut) *wire.MsgTx {
	t.Helper()
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: at, Sequence: replaceable})
	rest := b.spent[at].Value - fee
	for _, out := range outputs {
		tx.AddTxOut(out)
		rest -= out.Value
	}
	if rest > 1000 {
		tx.AddTxOut(wire.NewTxOut(rest, b.miner.script))
	}
	b.sign(t, tx)
	return tx
}

func (b *btcd) sign(t *testing.T, tx *wire.MsgTx) {
	t.Helper()
	out := b.spent[tx.TxIn[0].PreviousOutPoint]
	hashes := txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(out.PkScript, out.Value))
	var err error
	if txscript.IsPayToPubKeyHash(out.PkScript) {
		tx.TxIn[0].SignatureScript, err = txscript.SignatureScript(tx, 0, out.PkScript, txscript.SigHashAll, b.miner.private, true)
	} else {
		tx.TxIn[0].Witness, err = txscript.WitnessSignature(tx, hashes, 0, out.Value, out.PkScript, txscript.SigHashAll, b.miner.private, true)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (b *btcd) send(t *testing.T, tx *wire.MsgTx) string {
	t.Helper()
	id, err := b.client.SendRawTransaction(tx, true)
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func (b *btcd) mine(t *testing.T, n int) {
	t.Helper()
	if _, err := b.client.Generate(uint32(n)); err != nil {
		t.Fatal(err)
	}
}

// invalidate takes the last n blocks back; their transactions return to the mempool.
func (b *btcd) invalidate(t *testing.T, n int) {
	t.Helper()
	height, err := b.client.GetBlockCount()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := b.client.GetBlockHash(height - int64(n) + 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.client.InvalidateBlock(hash); err != nil {
		t.Fatal(err)
	}
}

// reorg replaces the last n blocks by n+1 others, with what was in them or with
// something else that spends the same coins.
func (b *btcd) reorg(t *testing.T, n int, again bool) {
	t.Helper()
	b.invalidate(t, n)
	if again {
		b.mine(t, n+1)
		return
	}
	ids, err := b.client.GetRawMempool()
	if err != nil {
		t.Fatal(err)
	}
	var rivals []*wire.MsgTx
	for _, id := range ids {
		tx, err := b.client.GetRawTransaction(id)
		if err != nil {
			t.Fatal(err)
		}
		rivals = append(rivals, b.from(t, tx.MsgTx().TxIn[0].PreviousOutPoint, 9000))
	}
	b.mineBlock(t, b.miner.script, rivals...)
	b.mine(t, n)
}

// raw is a script in hexadecimal, for what no library builds.
func raw(t *testing.T, text string) []byte {
	t.Helper()
	script, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return script
}
