package signer

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// matured is more blocks than a mined coin has to wait for, and than btcd wants before
// it takes witnesses.
const matured = 320

// node starts a chain's node, mining to an address, until the test ends.
func node(t *testing.T, on asset.Chain, mining string) *bitcoin.Node {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	var p interface {
		RPCAddress() string
		RPCUser() string
		RPCPassword() string
		Kill() error
	}
	var err error
	switch on {
	case asset.Litecoin:
		p, err = parts.StartLitecoind(ctx, parts.LitecoindConfig{Path: partstest.Litecoind(t), Dir: dir + "/node", LogFile: dir + "/log"})
	case asset.BitcoinCash:
		p, err = parts.StartBchd(ctx, parts.BchdConfig{Path: partstest.Program(t, "bchd"), Dir: dir + "/node", LogFile: dir + "/log", MiningAddress: mining})
	case asset.Bitcoin, asset.Ethereum:
		p, err = parts.StartBtcd(ctx, parts.BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: dir + "/node", LogFile: dir + "/log", MiningAddress: mining})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	n, err := bitcoin.NewNode(bitcoin.NodeConfig{URL: "http://" + p.RPCAddress(), User: p.RPCUser(), Password: p.RPCPassword(), Chain: on})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func mine(ctx context.Context, n *bitcoin.Node, blocks int64, to string) error {
	if n.Chain() == asset.Litecoin {
		return n.GenerateTo(ctx, blocks, to)
	}
	return n.Generate(ctx, blocks)
}

// Setup: a node of each chain of the family, mining to a hot address. Test: the node
// takes what the signer signed into its mempool and mines it, and refuses it with a
// signature that is another input's.
func TestNodesTakeWhatIsSigned(t *testing.T) {
	t.Parallel()
	for _, on := range utxoChains {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			nodeTakes(t, on)
		})
	}
}

func nodeTakes(t *testing.T, on asset.Chain) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	d := deskFor(t)
	hot := d.keyOn(t, on, keys.Hot, keys.External, 3)
	n := node(t, on, hot.Address)
	for range matured / 40 {
		if err := mine(ctx, n, 40, hot.Address); err != nil {
			t.Fatal(err)
		}
	}
	req := d.spendMined(ctx, t, on, n)
	res, err := d.signBitcoin(req)
	if err != nil {
		t.Fatal(err)
	}
	signed := new(wire.MsgTx)
	if err := signed.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
		t.Fatal(err)
	}
	crossed := signed.Copy()
	first, second := crossed.TxIn[0], crossed.TxIn[1]
	first.Witness, second.Witness = second.Witness, first.Witness
	first.SignatureScript, second.SignatureScript = second.SignatureScript, first.SignatureScript
	if _, err := n.Send(ctx, crossed); err == nil {
		t.Error("the node takes signatures that are exchanged")
	}
	txid, err := n.Send(ctx, signed)
	if err != nil || txid != res.GetTxid() {
		t.Fatalf("the node answers %s, %v; signed was %s", txid, err, res.GetTxid())
	}
	if err := mine(ctx, n, 1, hot.Address); err != nil {
		t.Fatal(err)
	}
	if depth, known, err := n.Confirmations(ctx, txid); err != nil || !known || depth != 1 {
		t.Errorf("%d confirmations, known %v, %v", depth, known, err)
	}
}

// spendMined pays out from the first two coins that were mined.
func (d *desk) spendMined(ctx context.Context, t *testing.T, on asset.Chain, n *bitcoin.Node) *ferryv1.SignUTXORequest {
	t.Helper()
	req := d.spendOn(t, on, d.authority(t, swap.PurposePayout, asset.ETH, on.NativeID(), "a"), payoutSat, feeSat, "x", "y")
	hot := d.keyOn(t, on, keys.Hot, keys.External, 3)
	alter(t, req, func(tx *wire.MsgTx) {
		sum := int64(-payoutSat - feeSat)
		for i, in := range tx.TxIn {
			block, err := n.Block(ctx, int64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			mined := block.Transactions[0]
			out := uint32(0)
			for !bytes.Equal(mined.TxOut[out].PkScript, hot.Script) {
				out++
			}
			hash := mined.TxHash()
			in.PreviousOutPoint, sum = *wire.NewOutPoint(&hash, out), sum+mined.TxOut[out].Value
			req.Inputs[i].PreviousTx = wireBytes(t, mined)
		}
		tx.TxOut[1].Value = sum
	})
	return req
}
