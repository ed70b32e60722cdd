package bitcoin_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/chaintest"
	"ferry/swap/asset"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	chaintest.Run(t, newHarness(t))
}

// TestFees: below the relay minimum btcd refuses; a higher fee replaces, and what
// was replaced conflicts from then on.
func TestFees(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	a := h.NewAddress(t)
	units := asset.NewUnits(100_000)
	funds := chain.Funds{
		Coins: []chain.Coin{{TxID: h.Pay(t, a.Address, units), Units: units, Address: a.Address}}, ChangeAddress: a.Address,
	}
	h.Mine(t, 1)
	attempt := func(rate uint64) []byte {
		cfg := h.config()
		cfg.FeeFloor, cfg.FeeFallback, cfg.FeeCap = rate, rate, rate
		at, err := bitcoin.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		p, err := at.Plan(t.Context(), funds, chain.Request{
			Asset: asset.BTC, Destination: h.miner.address, Units: asset.NewUnits(50_000), FeeMax: units,
		})
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := h.Sign(t, p)
		return raw
	}
	cheap, usual, dear := attempt(1), attempt(2000), attempt(8000)
	for _, step := range []struct {
		raw  []byte
		want chain.Acceptance
	}{
		{cheap, chain.Rejected}, {usual, chain.Accepted}, {dear, chain.Accepted},
		{usual, chain.Conflicting}, {dear, chain.Accepted},
	} {
		if got, err := h.adapter.Broadcast(t.Context(), step.raw); got != step.want {
			t.Fatalf("%s (%v), want %s", got, err, step.want)
		}
	}
	h.Mine(t, 1)
}

// params are simnet's: 50 BTC a block for long, and witnesses from block 300 on.
var params = &chaincfg.SimNetParams

// harness is a btcd whose rewards belong to the stranger.
type harness struct {
	node    *btcd
	adapter *bitcoin.Adapter
	miner   key
	keys    []key
	reward  int64 // the height of the next reward to spend
}

func (h *harness) config() bitcoin.Config {
	return bitcoin.Config{
		URL: h.node.url, User: h.node.user, Pass: h.node.pass,
		Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
	}
}

type key struct {
	private *btcec.PrivateKey
	address string
	script  []byte
}

// newKey is fixed by its number, so a failing run can be repeated.
func newKey(t testing.TB, n int) key {
	t.Helper()
	seed := chainhash.HashB([]byte(fmt.Sprintf("ferry test key %d", n)))
	private, public := btcec.PrivKeyFromBytes(seed)
	a, err := address.NewAddressWitnessPubKeyHash(address.Hash160(public.SerializeCompressed()), params)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		t.Fatal(err)
	}
	return key{private, a.EncodeAddress(), script}
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{miner: newKey(t, 0), reward: 1}
	h.keys = []key{h.miner}
	h.node = startBtcd(t, h.miner.address)
	var err error
	h.adapter, err = bitcoin.New(h.config())
	if err != nil {
		t.Fatal(err)
	}
	h.Mine(t, 320) // witness spends are refused before block 300
	return h
}

func (h *harness) Adapter() chain.Adapter { return h.adapter }

func (h *harness) NewAddress(t testing.TB) chaintest.Account {
	t.Helper()
	n := len(h.keys)
	h.keys = append(h.keys, newKey(t, n))
	return chaintest.Account{Address: h.keys[n].address, Path: fmt.Sprintf("m/%d", n)}
}

func (h *harness) Stranger(t testing.TB) string {
	t.Helper()
	return h.NewAddress(t).Address
}

func (h *harness) Pay(t testing.TB, to string, units asset.Units) string {
	t.Helper()
	return h.pay(t, output(t, to, units))
}

func (h *harness) PayTwice(t testing.TB, to string, first, second asset.Units) string {
	t.Helper()
	return h.pay(t, output(t, to, first), output(t, to, second))
}

func (h *harness) PayShared(t testing.TB, a chaintest.Account, units asset.Units) []string {
	t.Helper()
	var keys []*address.AddressPubKey
	for _, k := range []key{h.find(t, a.Address), h.miner} {
		public, err := address.NewAddressPubKey(k.private.PubKey().SerializeCompressed(), params)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, public)
	}
	script, err := txscript.MultiSigScript(keys, 1)
	if err != nil {
		t.Fatal(err)
	}
	sat, _ := units.Uint64()
	h.pay(t, wire.NewTxOut(int64(sat), script))
	return []string{keys[0].EncodeAddress(), keys[0].AddressPubKeyHash().EncodeAddress()}
}

func (h *harness) MineTo(t testing.TB) string {
	t.Helper()
	h.Mine(t, 1)
	return h.miner.address
}

// pay spends the next reward and gives the rest back to the miner.
func (h *harness) pay(t testing.TB, outputs ...*wire.TxOut) string {
	t.Helper()
	hash, err := h.node.client.GetBlockHash(h.reward)
	if err != nil {
		t.Fatal(err)
	}
	block, err := h.node.client.GetBlock(hash)
	if err != nil {
		t.Fatal(err)
	}
	h.reward++
	reward := block.Transactions[0]
	tx := wire.NewMsgTx(2)
	in := reward.TxHash()
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&in, 0), nil, nil))
	rest := reward.TxOut[0].Value - 2000
	for _, out := range outputs {
		tx.AddTxOut(out)
		rest -= out.Value
	}
	tx.AddTxOut(wire.NewTxOut(rest, h.miner.script))
	h.witness(t, tx, []*wire.TxOut{reward.TxOut[0]})
	id, err := h.node.client.SendRawTransaction(tx, true)
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func (h *harness) Sign(t testing.TB, p chain.Plan) ([]byte, string) {
	t.Helper()
	var tx wire.MsgTx
	if err := tx.DeserializeNoWitness(bytes.NewReader(p.Unsigned)); err != nil {
		t.Fatal(err)
	}
	var spent []*wire.TxOut
	for i, c := range p.Coins {
		if tx.TxIn[i].PreviousOutPoint.String() != c.ID() || tx.TxIn[i].Sequence != 0xfffffffd {
			t.Fatalf("input %d is %+v, planned %s", i, tx.TxIn[i], c.ID())
		}
		var previous wire.MsgTx
		if err := previous.Deserialize(bytes.NewReader(c.PreviousTx)); err != nil {
			t.Fatal(err)
		}
		if previous.TxHash() != tx.TxIn[i].PreviousOutPoint.Hash {
			t.Fatalf("the previous transaction of %s is %s", c.ID(), previous.TxHash())
		}
		spent = append(spent, previous.TxOut[c.Index])
	}
	h.witness(t, &tx, spent)
	h.checkFee(t, p, &tx, spent)
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes(), tx.TxHash().String()
}

// checkFee: the plan's fee is exact, and pays for the size once it is signed.
func (h *harness) checkFee(t testing.TB, p chain.Plan, tx *wire.MsgTx, spent []*wire.TxOut) {
	t.Helper()
	var fee int64
	for _, out := range spent {
		fee += out.Value
	}
	for _, out := range tx.TxOut {
		fee -= out.Value
	}
	size := int64(tx.SerializeSizeStripped()*3+tx.SerializeSize()+3) / 4
	// A test of the relay minimum goes far below it; no other plan pays less.
	if fmt.Sprint(fee) != p.Fee.String() || fee < size && fee > 1 {
		t.Fatalf("fee %d for %d vbytes, planned %s", fee, size, p.Fee)
	}
}

func (h *harness) witness(t testing.TB, tx *wire.MsgTx, spent []*wire.TxOut) {
	t.Helper()
	outputs := map[wire.OutPoint]*wire.TxOut{}
	for i, in := range tx.TxIn {
		outputs[in.PreviousOutPoint] = spent[i]
	}
	hashes := txscript.NewTxSigHashes(tx, txscript.NewMultiPrevOutFetcher(outputs))
	for i, out := range spent {
		for _, k := range h.keys {
			if !bytes.Equal(k.script, out.PkScript) {
				continue
			}
			w, err := txscript.WitnessSignature(tx, hashes, i, out.Value, out.PkScript, txscript.SigHashAll, k.private, true)
			if err != nil {
				t.Fatal(err)
			}
			tx.TxIn[i].Witness = w
		}
	}
}

func (h *harness) find(t testing.TB, a string) key {
	t.Helper()
	for _, k := range h.keys {
		if k.address == a {
			return k
		}
	}
	t.Fatalf("no key for %s", a)
	return key{}
}

func (h *harness) Mine(t testing.TB, n int) chain.Ref {
	t.Helper()
	if _, err := h.node.client.Generate(uint32(n)); err != nil {
		t.Fatal(err)
	}
	height, err := h.node.client.GetBlockCount()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := h.node.client.GetBestBlockHash()
	if err != nil {
		t.Fatal(err)
	}
	return chain.Ref{Height: height, Hash: hash.String()}
}

func (h *harness) Reorg(t testing.TB, n int) {
	t.Helper()
	height, err := h.node.client.GetBlockCount()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := h.node.client.GetBlockHash(height - int64(n) + 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.node.client.InvalidateBlock(hash); err != nil {
		t.Fatal(err)
	}
}

// Received reads every block: what was paid, spent or not.
func (h *harness) Received(t testing.TB, to string) asset.Units {
	t.Helper()
	script := hex.EncodeToString(h.find(t, to).script)
	height, err := h.node.client.GetBlockCount()
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for i := int64(300); i <= height; i++ {
		hash, err := h.node.client.GetBlockHash(i)
		if err != nil {
			t.Fatal(err)
		}
		block, err := h.node.client.GetBlock(hash)
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range btcutil.NewBlock(block).Transactions() {
			for _, out := range tx.MsgTx().TxOut {
				if hex.EncodeToString(out.PkScript) == script {
					sum += out.Value
				}
			}
		}
	}
	return asset.NewUnits(uint64(sum))
}

func output(t testing.TB, to string, units asset.Units) *wire.TxOut {
	t.Helper()
	a, err := address.DecodeAddress(to, params)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		t.Fatal(err)
	}
	sat, ok := units.Uint64()
	if !ok {
		t.Fatalf("%s sat", units)
	}
	return wire.NewTxOut(int64(sat), script)
}
