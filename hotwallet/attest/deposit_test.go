package attest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// named is a node that says it is some software.
type named string

// Software implements chain.Identified.
func (n named) Software(context.Context) (string, error) { return string(n), nil }

// confirmations are what the desk's rules ask for.
const confirmations = 3

func rules() swap.DepositRules {
	return swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: confirmations, asset.Ethereum: confirmations},
		SecondAbove: map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(5_000_000)}}
}

// seeing gives the desk's attestor nodes of its own.
func (d *desk) seeing(t swaptest.Reporter, nodes ...Node) {
	t.Helper()
	var err error
	if d.config.Witness, err = NewWitness(WitnessConfig{Nodes: map[asset.Chain][]Node{nodes[0].Reader.Chain(): nodes}, Rules: rules()}); err != nil {
		t.Fatalf("witness: %v", err)
	}
	d.reopen(t)
}

func newBitcoin(seed uint64) *fakechain.Chain {
	c := fakechain.NewBitcoin(fakechain.Config{Seed: seed, Networks: swaptest.Networks})
	c.Mine(1)
	return c
}

// paid is a swap whose deposit is in a block, with the request that tells of it.
func (d *desk) paid(t *testing.T, on *fakechain.Chain, index uint32, units asset.Units, deep int) *ferryv1.AttestDepositRequest {
	t.Helper()
	from, to := on.Chain().NativeID(), asset.ETH
	if from == asset.ETH {
		to = asset.BTC
	}
	req := d.request(t, from, to, index)
	signed := d.mustAttest(t, req)
	txid := on.Pay(req.GetAddress(), units)
	at := on.Mine(1)
	on.MineEmpty(deep - 1)
	return &ferryv1.AttestDepositRequest{SignedQuote: req.GetTerms().GetSignedQuote(), SignedReceipt: signed,
		DepositId: fmt.Sprintf("%s:%s:0", on.Chain(), txid), Asset: string(from), Units: units.String(), Height: at.Height, BlockHash: at.Hash,
		PayerChain: string(asset.MustLookup(to).Chain), FencingToken: 7}
}

func (d *desk) attestDeposit(req *ferryv1.AttestDepositRequest) (string, error) {
	res, err := d.attestor.AttestDeposit(context.Background(), connect.NewRequest(req))
	if err != nil {
		return "", err
	}
	return res.Msg.GetSignedAttestation(), nil
}

func TestDepositIsAttestedAsTheNodeShowsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []*fakechain.Chain{newBitcoin(1), fakechain.NewEthereum(fakechain.Config{Networks: swaptest.Networks})} {
		t.Run(string(c.Chain()), func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			d.seeing(t, Node{c, named("btcd")})
			req := d.paid(t, c, 1, asset.NewUnits(1_234_567), confirmations+2)
			signed, err := d.attestDeposit(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := swap.VerifyDepositAttestation(signed, d.attestKeys())
			if err != nil {
				t.Fatal(err)
			}
			receipt, err := swap.VerifyReceipt(req.GetSignedReceipt(), d.attestKeys())
			if err != nil {
				t.Fatal(err)
			}
			want := swap.DepositAttestation{SwapID: receipt.SwapID, ReceiptHash: swap.HashDocument(req.GetSignedReceipt()), Chain: c.Chain(),
				DepositID: req.GetDepositId(), Address: receipt.DepositAddress,
				Amount: asset.Amount{Asset: c.Chain().NativeID(), Units: asset.NewUnits(1_234_567)},
				Height: req.GetHeight(), BlockHash: req.GetBlockHash(), Depth: confirmations + 2, Software: "btcd", IssuedAt: swap.Millis(testNow)}
			if got != want {
				t.Errorf("attestation is\n%+v, want\n%+v", got, want)
			}
			c.Mine(1) // and nothing is remembered of the look before
			if signed, err = d.attestDeposit(req); err != nil {
				t.Fatal(err)
			}
			if got, err = swap.VerifyDepositAttestation(signed, d.attestKeys()); err != nil || got.Depth != confirmations+3 {
				t.Errorf("a block later: %d deep, %v", got.Depth, err)
			}
		})
	}
}

// Each case breaks one rule of an otherwise good request; nothing is signed, and
// afterwards the deposit still is.
func TestAttestDepositRefuses(t *testing.T) {
	t.Parallel()
	d, stranger, c := deskFor(t), deskFor(t), newBitcoin(1)
	d.seeing(t, Node{c, named("btcd")})
	good := d.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations)
	other := d.paid(t, c, 1, asset.NewUnits(1_000_000), confirmations)
	foreign := stranger.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations)
	type change = func(r *ferryv1.AttestDepositRequest)
	for name, c := range map[string]struct {
		change          change
		field, sentence string
	}{
		"no receipt": {func(r *ferryv1.AttestDepositRequest) { r.SignedReceipt = "" }, "signed_receipt", "can't be read"},
		"a foreign receipt": {func(r *ferryv1.AttestDepositRequest) {
			r.SignedQuote, r.SignedReceipt = foreign.SignedQuote, foreign.SignedReceipt
		}, "signed_receipt", "not signed here"},
		"another quote": {func(r *ferryv1.AttestDepositRequest) { r.SignedQuote = other.GetSignedQuote() }, "signed_quote", "another quote"},
		"another swap's": {func(r *ferryv1.AttestDepositRequest) {
			r.DepositId, r.Height, r.BlockHash = other.DepositId, other.Height, other.BlockHash
		}, "deposit_id", "no such deposit"},
		"invented":                {func(r *ferryv1.AttestDepositRequest) { r.DepositId = "bitcoin:" + strings.Repeat("0a", 32) + ":0" }, "deposit_id", "no such deposit"},
		"another output":          {func(r *ferryv1.AttestDepositRequest) { r.DepositId = strings.TrimSuffix(r.DepositId, "0") + "1" }, "deposit_id", "no such deposit"},
		"another spelling":        {func(r *ferryv1.AttestDepositRequest) { r.DepositId += "0" }, "deposit_id", "no such deposit"},
		"no deposit":              {func(r *ferryv1.AttestDepositRequest) { r.DepositId = "" }, "deposit_id", "no deposit on bitcoin"},
		"on the other chain":      {func(r *ferryv1.AttestDepositRequest) { r.DepositId = "ethereum:0x" + strings.Repeat("0a", 32) + ":0" }, "deposit_id", "no deposit on bitcoin"},
		"without end":             {func(r *ferryv1.AttestDepositRequest) { r.DepositId = "bitcoin:" + strings.Repeat("0", 1000) }, "deposit_id", "no deposit on bitcoin"},
		"more":                    {func(r *ferryv1.AttestDepositRequest) { r.Units = "1000001" }, "units", "not of"},
		"less":                    {func(r *ferryv1.AttestDepositRequest) { r.Units = "999999" }, "units", "not of"},
		"nothing":                 {func(r *ferryv1.AttestDepositRequest) { r.Units = "0" }, "units", "above zero"},
		"in words":                {func(r *ferryv1.AttestDepositRequest) { r.Units = "1e6" }, "units", "above zero"},
		"in the other asset":      {func(r *ferryv1.AttestDepositRequest) { r.Asset = "ETH" }, "asset", "not one on bitcoin"},
		"in no asset":             {func(r *ferryv1.AttestDepositRequest) { r.Asset = "" }, "asset", "not one on bitcoin"},
		"another block":           {func(r *ferryv1.AttestDepositRequest) { r.BlockHash = strings.Repeat("0b", 32) }, "block_hash", "another block"},
		"another height":          {func(r *ferryv1.AttestDepositRequest) { r.Height-- }, "block_hash", "another block"},
		"a block to come":         {func(r *ferryv1.AttestDepositRequest) { r.Height += 100 }, "depth", "3 are needed"},
		"no block":                {func(r *ferryv1.AttestDepositRequest) { r.BlockHash = "" }, "block_hash", "no hash"},
		"a block below the first": {func(r *ferryv1.AttestDepositRequest) { r.Height = -1 }, "block_hash", "no height"},
		"no lease":                {func(r *ferryv1.AttestDepositRequest) { r.FencingToken = 0 }, "fencing_token", "no lease"},
		"an old lease":            {func(r *ferryv1.AttestDepositRequest) { r.PayerChain, r.FencingToken = "bitcoin", 6 }, "fencing_token", "older"},
		"a chain that pays not":   {func(r *ferryv1.AttestDepositRequest) { r.PayerChain = "litecoin" }, "payer_chain", "none of the quote's chains"},
	} {
		t.Run(name, func(t *testing.T) {
			req := proto.Clone(good).(*ferryv1.AttestDepositRequest)
			c.change(req)
			_, err := d.attestDeposit(req)
			swaptest.WantRefusal(t, err, swap.CodeRefused, c.field, c.sentence)
		})
	}
	if _, err := d.attestDeposit(good); err != nil {
		t.Error(err)
	}
}

// A caller whose lease on the chain that pays has passed to another gets nothing.
func TestAnOldLeaseHasNoDepositAttested(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	d.seeing(t, Node{c, named("btcd")})
	req := d.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations)
	req.FencingToken = 9
	if _, err := d.attestDeposit(req); err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
	req.FencingToken = 8
	_, err := d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "fencing_token", "older")
	// The other chain of the quote is another lease.
	req.PayerChain, req.FencingToken = "bitcoin", 8
	if _, err := d.attestDeposit(req); err != nil {
		t.Error(err)
	}
}

// A node that lags, is on another chain or is away yields nothing, and says which; once
// it is well the deposit is attested.
func TestDepositOnANodeThatIsNotWell(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	d.seeing(t, Node{c, named("btcd")})
	req := d.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations-1)
	_, err := d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "depth", "2 blocks deep")
	before := c.Branch()
	c.Reorg(confirmations, fakechain.Drop)
	c.Mine(confirmations + 3)
	_, err = d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block_hash", "another block")
	c.Return(before)
	c.SetAway(true)
	_, err = d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "does not answer")
	c.SetAway(false)
	if _, err := d.attestDeposit(req); err != nil {
		t.Error(err)
	}
	blind := deskFor(t)
	reqs := blind.request(t, asset.BTC, asset.ETH, 0)
	signed := blind.mustAttest(t, reqs)
	_, err = blind.attestDeposit(&ferryv1.AttestDepositRequest{SignedQuote: reqs.GetTerms().GetSignedQuote(), SignedReceipt: signed,
		DepositId: req.GetDepositId(), Asset: "BTC", Units: "1", Height: 1, BlockHash: "x", PayerChain: "ethereum", FencingToken: 7})
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "no node")
}

// A store that was lost knows none of the receipts that were signed before. Those that
// verify by the key are attested all the same: their users have paid in.
func TestDepositOfAReceiptBeforeTheStoreWasLost(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	d.seeing(t, Node{c, named("btcd")})
	req := d.paid(t, c, 1, asset.NewUnits(1_000_000), confirmations)
	if err := d.attestor.Close(); err != nil {
		t.Fatal(err)
	}
	d.config.Store = filepath.Join(t.TempDir(), "attest", "new.db")
	if err := Create(d.config.Store, d.config.Accounts); err != nil {
		t.Fatal(err)
	}
	d.open(t)
	if _, err := d.attestDeposit(req); err != nil {
		t.Error(err)
	}
	tampered := proto.Clone(req).(*ferryv1.AttestDepositRequest)
	tampered.SignedReceipt = req.GetSignedReceipt()[:len(req.GetSignedReceipt())-8] + "AAAAAAAA"
	_, err := d.attestDeposit(tampered)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "signed_receipt", "not signed here")
}

// A miner's reward is not attested before it can be spent, however few confirmations
// other deposits need.
func TestCoinbaseIsAttestedWhenMature(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	d.seeing(t, Node{c, named("btcd")})
	asked := d.request(t, asset.BTC, asset.ETH, 0)
	signed := d.mustAttest(t, asked)
	txid := c.MineCoinbase(asked.GetAddress(), asset.NewUnits(1_000_000))
	at, err := c.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req := &ferryv1.AttestDepositRequest{SignedQuote: asked.GetTerms().GetSignedQuote(), SignedReceipt: signed, DepositId: "bitcoin:" + txid + ":0",
		Asset: "BTC", Units: "1000000", Height: at.Height, BlockHash: at.Hash, PayerChain: "ethereum", FencingToken: 7}
	c.MineEmpty(coinbaseDepth - 2)
	_, err = d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "depth", "99 blocks deep")
	c.MineEmpty(1)
	if _, err := d.attestDeposit(req); err != nil {
		t.Error(err)
	}
}

// turning is a node that reorganises between two calls about one deposit.
type turning struct {
	chain.Reader
	blocks atomic.Int32
	turn   func()
}

// Block implements chain.Reader.
func (r *turning) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, err := r.Reader.Block(ctx, ref, w)
	if r.blocks.Add(1) == 1 {
		r.turn()
	}
	return b, err
}

// A block that leaves the chain while its depth is counted is not attested: the depth
// would be another branch's.
func TestReorganisationWhileLooking(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	r := &turning{Reader: c, turn: func() {
		c.Reorg(confirmations, fakechain.Drop)
		c.Mine(confirmations + 10)
	}}
	d.seeing(t, Node{r, named("btcd")})
	req := d.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations)
	_, err := d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block_hash", "another block")
}

// Above the limit nodes of two kinds of software must agree: on the block, and on all
// that is in it.
func TestSecondSoftware(t *testing.T) {
	t.Parallel()
	small, large := asset.NewUnits(5_000_000), asset.NewUnits(5_000_001)
	d, c := deskFor(t), newBitcoin(1)
	d.seeing(t, Node{c, named("btcd")})
	within, above := d.paid(t, c, 0, small, confirmations), d.paid(t, c, 1, large, confirmations+1)
	attested := func(t *testing.T, req *ferryv1.AttestDepositRequest) swap.DepositAttestation {
		t.Helper()
		signed, err := d.attestDeposit(req)
		if err != nil {
			t.Fatal(err)
		}
		a, err := swap.VerifyDepositAttestation(signed, d.attestKeys())
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := attested(t, within); a.SecondSoftware != "" {
		t.Errorf("at the limit: %+v", a)
	}
	_, err := d.attestDeposit(above)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "second_software", "has one node of bitcoin")
	d.seeing(t, Node{c, named("btcd")}, Node{c, named("btcd")})
	_, err = d.attestDeposit(above)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "second_software", "both are btcd")

	false2 := newBitcoin(2) // another chain altogether
	false2.Mine(100)
	d.seeing(t, Node{c, named("btcd")}, Node{false2, named("Satoshi")})
	_, err = d.attestDeposit(above)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block_hash", "another block")
	false2.SetAway(true)
	_, err = d.attestDeposit(above)
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "does not answer")
	if a := attested(t, within); a.SecondSoftware != "" {
		t.Errorf("at the limit, with the second node away: %+v", a)
	}

	lying := &otherUnits{Reader: c}
	d.seeing(t, Node{c, named("btcd")}, Node{lying, named("Satoshi")})
	_, err = d.attestDeposit(above)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "units", "not of")

	d.seeing(t, Node{c, named("btcd")}, Node{c, named("Satoshi")})
	if a := attested(t, above); a.Software != "btcd" || a.SecondSoftware != "Satoshi" || a.Depth != confirmations+1 {
		t.Errorf("both agree: %+v", a)
	}
}

// otherUnits is a node that tells of other amounts.
type otherUnits struct{ chain.Reader }

// Block implements chain.Reader.
func (r *otherUnits) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, err := r.Reader.Block(ctx, ref, w)
	for i := range b.Credits {
		b.Credits[i].Units = asset.NewUnits(1)
	}
	return b, err
}

func TestWitnessConfig(t *testing.T) {
	t.Parallel()
	c := newBitcoin(1)
	node := Node{c, named("btcd")}
	for name, config := range map[string]WitnessConfig{
		"no rules":       {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {node}}},
		"three nodes":    {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {node, node, node}}, Rules: rules()},
		"no nodes":       {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {}}, Rules: rules()},
		"no reader":      {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {{Identified: named("x")}}}, Rules: rules()},
		"another chain":  {Nodes: map[asset.Chain][]Node{asset.Ethereum: {node}}, Rules: rules()},
		"without depth":  {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {node}}, Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Ethereum: 1}}},
		"depth of none":  {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {node}}, Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 0}}},
		"unknown chains": {Nodes: map[asset.Chain][]Node{asset.Bitcoin: {node}}, Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 1, "dogecoin": 1}}},
	} {
		if _, err := NewWitness(config); err == nil {
			t.Errorf("%s: a witness was made", name)
		}
	}
}

// A block that a node can't show while its tip answers is told apart from a node that is
// silent, also where the block took all of the time that a look has.
func TestABlockThatCannotBeRead(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	r := &unreadable{Reader: c}
	d.seeing(t, Node{r, named("btcd")})
	req := d.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations)
	r.cause = errors.New("missing trie node: state is not available")
	_, err := d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block", "answers, and can't show the block")
	w := d.attestor.witness
	spent, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, _, err = w.ask(spent, Claim{Chain: asset.Bitcoin, Block: chain.Ref{Height: 1}}, 0, rules())
	if got := OutcomeOf(err); got != Unreadable {
		t.Errorf("where the block took all the time the outcome is %q", got)
	}
	c.SetAway(true)
	_, err = d.attestDeposit(req)
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "does not answer")
	c.SetAway(false)
	r.cause = nil
	if _, err := d.attestDeposit(req); err != nil {
		t.Error(err)
	}
}

// unreadable is a node that shows no block while there is a cause.
type unreadable struct {
	chain.Reader
	cause error
}

// Block implements chain.Reader.
func (r *unreadable) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	if r.cause != nil {
		return chain.Block{}, r.cause
	}
	return r.Reader.Block(ctx, ref, w)
}

// A plain transfer is attested from what the block's header commits to, where the node
// has no trace or state of it any more; anything else at the address is not.
func TestATransferNeedsNoOldState(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), fakechain.NewEthereum(fakechain.Config{Networks: swaptest.Networks})
	r := &pruned{unreadable{Reader: c}}
	d.seeing(t, Node{r, named("Geth")})
	req := d.paid(t, c, 0, asset.NewUnits(1_000_000), confirmations)
	r.cause = errors.New("missing trie node: state is not available")
	if _, err := d.attestDeposit(req); err != nil {
		t.Error(err)
	}
	inside := proto.Clone(req).(*ferryv1.AttestDepositRequest)
	inside.DepositId = strings.TrimSuffix(inside.GetDepositId(), "0") + "340282366920938463463374607431768211455"
	_, err := d.attestDeposit(inside)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block", "can't show the block")
	invented := proto.Clone(req).(*ferryv1.AttestDepositRequest)
	invented.DepositId = "ethereum:0x" + strings.Repeat("0a", 32) + ":0"
	r.cause = nil
	_, err = d.attestDeposit(invented)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "deposit_id", "no such deposit")
	more := proto.Clone(req).(*ferryv1.AttestDepositRequest)
	more.Units = "1000001"
	_, err = d.attestDeposit(more)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "units", "not of")
}

// pruned is a node that has blocks and receipts, and no old states.
type pruned struct{ unreadable }

// Transfers implements chain.TransferReader.
func (r *pruned) Transfers(ctx context.Context, ref chain.Ref, w chain.Watch) ([]chain.Credit, error) {
	b, err := r.Reader.Block(ctx, ref, w)
	return b.Credits, err
}
