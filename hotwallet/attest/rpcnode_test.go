package attest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// rpcNode speaks the RPC of a Bitcoin node, of the software it is said to be, over a
// chain of blocks that a test has made.
type rpcNode struct {
	agent string // "" has no getnetworkinfo, as btcd

	mu     sync.Mutex
	blocks []*wire.MsgBlock
	// send, if not nil, changes the bytes of a block that is asked for.
	send func(raw []byte) []byte
}

// newRPCNode is a node with the network's first block, and the adapter to it.
func newRPCNode(t *testing.T, agent string) (*rpcNode, Node) {
	t.Helper()
	n := &rpcNode{agent: agent, blocks: []*wire.MsgBlock{chaincfg.SimNetParams.GenesisBlock}}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	a, err := bitcoin.New(utxo.Config{URL: server.URL, Networks: swaptest.Networks})
	if err != nil {
		t.Fatal(err)
	}
	return n, Node{a, a}
}

// mine adds a block on the last one; nonce makes two of them differ.
func (n *rpcNode) mine(nonce uint32, txs ...*wire.MsgTx) *wire.MsgBlock {
	n.mu.Lock()
	defer n.mu.Unlock()
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex), []byte{byte(len(n.blocks)), byte(nonce)}, nil))
	coinbase.AddTxOut(wire.NewTxOut(1, []byte{txscript.OP_TRUE}))
	before := n.blocks[len(n.blocks)-1].BlockHash()
	b := wire.NewMsgBlock(wire.NewBlockHeader(1, &before, rootOf(append([]*wire.MsgTx{coinbase}, txs...)), 0x207fffff, nonce))
	b.Header.Timestamp = time.Unix(1_700_000_000+int64(len(n.blocks)), 0)
	for _, tx := range append([]*wire.MsgTx{coinbase}, txs...) {
		must(b.AddTransaction(tx))
	}
	n.blocks = append(n.blocks, b)
	return b
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// rootOf is the Merkle root of one transaction or two.
func rootOf(txs []*wire.MsgTx) *chainhash.Hash {
	root := txs[0].TxHash()
	if len(txs) > 1 {
		second := txs[1].TxHash()
		root = chainhash.DoubleHashH(append(slices.Clone(root[:]), second[:]...))
	}
	return &root
}

// ServeHTTP answers one call.
func (n *rpcNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	must(json.NewDecoder(r.Body).Decode(&call))
	n.mu.Lock()
	defer n.mu.Unlock()
	result, code := n.answer(call.Method, call.Params)
	reply := map[string]any{"id": "ferry", "result": result, "error": nil}
	if code != 0 {
		reply["result"], reply["error"] = nil, map[string]any{"code": code, "message": "no"}
	}
	must(json.NewEncoder(w).Encode(reply))
}

// answer is the result of a call, or the code of its error.
func (n *rpcNode) answer(method string, params []json.RawMessage) (any, int) {
	tip := n.blocks[len(n.blocks)-1]
	switch method {
	case "getblockchaininfo":
		return map[string]any{"blocks": len(n.blocks) - 1, "bestblockhash": tip.BlockHash().String()}, 0
	case "getblockhash":
		var height int
		must(json.Unmarshal(params[0], &height))
		if height >= len(n.blocks) {
			return nil, -8
		}
		return n.blocks[height].BlockHash().String(), 0
	case "getblock":
		var hash string
		must(json.Unmarshal(params[0], &hash))
		i := slices.IndexFunc(n.blocks, func(b *wire.MsgBlock) bool { return b.BlockHash().String() == hash })
		if i < 0 {
			return nil, -5
		}
		var raw bytes.Buffer
		must(n.blocks[i].Serialize(&raw))
		if n.send != nil {
			return hex.EncodeToString(n.send(raw.Bytes())), 0
		}
		return hex.EncodeToString(raw.Bytes()), 0
	case "getnetworkinfo":
		if n.agent != "" {
			return map[string]any{"subversion": n.agent}, 0
		}
	case "version":
		return map[string]any{"btcdjsonrpcapi": map[string]any{"versionstring": "1.3.0"}}, 0
	}
	return nil, -32601
}

// paying is a transaction that pays an address.
func paying(t *testing.T, to string, sat int64) *wire.MsgTx {
	t.Helper()
	decoded, err := address.DecodeAddress(to, &chaincfg.SimNetParams)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(decoded)
	if err != nil {
		t.Fatal(err)
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{7}, 0), nil, nil))
	tx.AddTxOut(wire.NewTxOut(sat, script))
	return tx
}

// Setup: two nodes of different software over the Bitcoin RPC, and a deposit above the
// limit for one.
//
// Test: it is attested where both have it; a second one that lags, lies about the block's
// content, has another block or another amount in it, or is the same software, yields
// nothing, and what it says names why.
func TestSecondNodeOverRPC(t *testing.T) {
	t.Parallel()
	const sat = 5_000_001
	d := deskFor(t)
	asked := d.request(t, asset.BTC, asset.ETH, 0)
	signed := d.mustAttest(t, asked)
	first, own := newRPCNode(t, "")
	deposit := paying(t, asked.GetAddress(), sat)
	at := first.mine(1, deposit)
	first.mine(1)
	first.mine(1)
	req := &ferryv1.AttestDepositRequest{SignedQuote: asked.GetTerms().GetSignedQuote(), SignedReceipt: signed,
		DepositId: "bitcoin:" + deposit.TxHash().String() + ":0", Asset: "BTC", Units: "5000001", Height: 1, BlockHash: at.BlockHash().String(),
		PayerChain: "ethereum", FencingToken: 7}
	for _, c := range []struct {
		name, agent     string
		make            func(n *rpcNode)
		code            swap.Code
		field, sentence string
	}{
		{"agrees", "/Satoshi:27.0.0/", func(n *rpcNode) { n.blocks = slices.Clone(first.blocks) }, "", "", ""},
		{"is the same software", "", func(n *rpcNode) { n.blocks = slices.Clone(first.blocks) }, swap.CodeRefused, "second_software", "both are btcd"},
		{"lags behind the depth", "/Satoshi:27.0.0/", func(n *rpcNode) { n.blocks = slices.Clone(first.blocks[:3]) }, swap.CodeRefused, "depth", "2 blocks deep"},
		{"has not got the block", "/Satoshi:27.0.0/", func(*rpcNode) {}, swap.CodeRefused, "depth", "0 blocks deep"},
		{"is on a false chain", "/Satoshi:27.0.0/", func(n *rpcNode) { n.mine(2, deposit); n.mine(2); n.mine(2) }, swap.CodeRefused, "block_hash", "another block"},
		{"lies about the content", "/Satoshi:27.0.0/", func(n *rpcNode) {
			n.blocks = slices.Clone(first.blocks)
			n.send = func(raw []byte) []byte {
				var b wire.MsgBlock
				must(b.Deserialize(bytes.NewReader(raw)))
				b.Transactions[1].TxOut[0].Value++ // and the header commits to something else
				var changed bytes.Buffer
				must(b.Serialize(&changed))
				return changed.Bytes()
			}
		}, swap.CodeRefused, "block", "can't show the block"},
		{"sends no block", "/Satoshi:27.0.0/", func(n *rpcNode) {
			n.blocks = slices.Clone(first.blocks)
			n.send = func([]byte) []byte { return nil }
		}, swap.CodeRefused, "block", "can't show the block"},
	} {
		t.Run(c.name, func(t *testing.T) {
			second, other := newRPCNode(t, c.agent)
			c.make(second)
			d.seeing(t, own, other)
			text, err := d.attestDeposit(req)
			if c.code != "" {
				swaptest.WantRefusal(t, err, c.code, c.field, c.sentence)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			a, err := swap.VerifyDepositAttestation(text, d.attestKeys())
			if err != nil || a.Software != "btcd" || a.SecondSoftware != "Satoshi" || a.Depth != 3 {
				t.Errorf("attested as %+v, %v", a, err)
			}
		})
	}
}
