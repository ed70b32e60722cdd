package attest

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// deathDepth is from when on a payment is dead by the desk's rules.
const deathDepth = 5

// ending gives the desk's attestor nodes of its own, by whose word payments end.
func (d *desk) ending(t *testing.T, nodes ...Node) {
	t.Helper()
	r := rules()
	on := nodes[0].Reader.Chain()
	r.Dead = map[asset.Chain]int64{on: deathDepth}
	var err error
	if d.config.Witness, err = NewWitness(WitnessConfig{Nodes: map[asset.Chain][]Node{on: nodes}, Rules: r}); err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
}

func (d *desk) attestDeath(req *ferryv1.AttestDeathRequest) (swap.DeathAttestation, error) {
	res, err := d.attestor.AttestDeath(context.Background(), connect.NewRequest(req))
	if err != nil {
		return swap.DeathAttestation{}, err
	}
	return swap.VerifyDeathAttestation(res.Msg.GetSignedAttestation(), d.attestKeys())
}

// send has an account of ours, which is paid first, send a transaction that is mined, and
// fails if it is told to; of the nonces up to the one told. It returns what tells of it.
func send(t *testing.T, c *fakechain.Chain, fails bool, nonce uint64) *ferryv1.AttestDeathRequest {
	t.Helper()
	from, balance := c.NewAddress(), asset.MustUnits("1000000000000000000")
	c.Pay(from, balance)
	c.Mine(1)
	var txid string
	for n := range nonce + 1 {
		p, err := c.Plan(t.Context(), chain.Funds{Sender: from, Nonce: n, Balance: balance},
			chain.Pay(chain.Output{Destination: c.NewAddress(), Asset: asset.ETH, Units: asset.NewUnits(5)}, balance))
		if err != nil {
			t.Fatal(err)
		}
		var raw []byte
		raw, txid = fakechain.Sign(p)
		if fails && n == nonce {
			c.Fail(txid)
		}
		if got, err := c.Broadcast(t.Context(), raw); got != chain.Accepted {
			t.Fatal(got, err)
		}
	}
	at := c.Mine(1)
	spent := fmt.Sprintf("ethereum:%s:%d", from, nonce)
	return &ferryv1.AttestDeathRequest{Chain: "ethereum", Anchor: spent, Spent: spent, Spender: txid, Height: at.Height, BlockHash: at.Hash, FencingToken: 7}
}

// A nonce is attested with how its transaction has ended, from the first on; a Reader that
// has no trace of the block is enough.
func TestDeathOfANonce(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), fakechain.NewEthereum(fakechain.Config{Networks: swaptest.Networks})
	d.ending(t, Node{c, named("Geth")})
	for _, fails := range []bool{true, false} {
		for _, nonce := range []uint64{0, 2} {
			req := send(t, c, fails, nonce)
			c.MineEmpty(deathDepth - 2)
			_, err := d.attestDeath(req)
			swaptest.WantRefusal(t, err, swap.CodeRefused, "depth", "spend is 4 blocks deep")
			c.MineEmpty(1)
			got, err := d.attestDeath(req)
			if err != nil {
				t.Fatal(err)
			}
			want := swap.DeathAttestation{Chain: asset.Ethereum, Anchor: req.GetAnchor(), Spent: req.GetAnchor(), Spender: req.GetSpender(), Failed: fails,
				Height: req.GetHeight(), BlockHash: req.GetBlockHash(), Depth: deathDepth, Finality: got.Finality, Software: "Geth", IssuedAt: swap.Millis(testNow)}
			if got != want || !got.Finality.Covers(swap.FinalitySafe) {
				t.Errorf("attestation is\n%+v, want\n%+v", got, want)
			}
			if err := got.Kills(req.GetAnchor(), []string{req.GetSpender()}); (err == nil) != fails {
				t.Errorf("a transaction that failed %v: %v", fails, err)
			}
		}
	}
	req := send(t, c, true, 1)
	c.MineEmpty(deathDepth)
	d.ending(t, Node{pruning{c}, named("Geth")})
	if got, err := d.attestDeath(req); err != nil || !got.Failed {
		t.Errorf("without a trace: %+v, %v", got, err)
	}
}

// pruning is a node that has blocks and receipts, and no old states.
type pruning struct{ chain.Reader }

// Block implements chain.Reader.
func (pruning) Block(context.Context, chain.Ref, chain.Watch) (chain.Block, error) {
	return chain.Block{}, errors.New("missing trie node: state is not available")
}

// Sent implements chain.SentReader.
func (p pruning) Sent(ctx context.Context, ref chain.Ref, address string) ([]chain.Debit, error) {
	b, err := p.Reader.Block(ctx, ref, only(address))
	return b.Debits, err
}

// doubleSpent is a coin of ours that a reorganisation has taken away: its maker's inputs
// are spent by another transaction, in the block told.
func doubleSpent(t *testing.T, c *fakechain.Chain) (req *ferryv1.AttestDeathRequest, maker []byte) {
	t.Helper()
	txid := c.Pay(c.NewAddress(), asset.NewUnits(1_000_000))
	c.Mine(confirmations)
	maker = c.Raw(txid)
	_, coins, err := c.Inputs(maker)
	if err != nil || len(coins) != 1 {
		t.Fatal(coins, err)
	}
	c.Reorg(confirmations, fakechain.DoubleSpend)
	at := c.Mine(1)
	spent := "bitcoin:" + coins[0]
	b, err := c.Block(t.Context(), at, onlyCoin(coins[0]))
	if err != nil || len(b.Debits) != 1 {
		t.Fatal(b, err)
	}
	return &ferryv1.AttestDeathRequest{Chain: "bitcoin", Anchor: "bitcoin:" + txid + ":0", Spent: spent, Lineage: [][]byte{maker}, Spender: b.Debits[0].TxID,
		Height: at.Height, BlockHash: at.Hash, FencingToken: 7}, maker
}

// A coin that a reorganisation took away is dead when what it was made of is spent
// elsewhere, however many transactions are between the two.
func TestDeathOfACoinThatNeverCame(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	d.ending(t, Node{c, named("btcd")})
	req, maker := doubleSpent(t, c)
	c.MineEmpty(deathDepth - 1)
	got, err := d.attestDeath(req)
	if err != nil || got.Spent != req.GetSpent() || got.Anchor != req.GetAnchor() || got.Failed {
		t.Fatalf("%+v, %v", got, err)
	}
	// The coin itself, with nothing in between.
	plain := proto.Clone(req).(*ferryv1.AttestDeathRequest)
	plain.Anchor, plain.Lineage = req.GetSpent(), nil
	if _, err := d.attestDeath(plain); err != nil {
		t.Error(err)
	}
	// A child of the coin: both transactions are told.
	child := spending(t, c, strings.TrimPrefix(req.GetAnchor(), "bitcoin:"))
	id, err := fakechain.TxID(child)
	if err != nil {
		t.Fatal(err)
	}
	longer := proto.Clone(req).(*ferryv1.AttestDeathRequest)
	longer.Anchor, longer.Lineage = "bitcoin:"+id+":0", [][]byte{child, maker}
	if _, err := d.attestDeath(longer); err != nil {
		t.Error(err)
	}
	stranger := c.Raw(c.Pay(c.NewAddress(), asset.NewUnits(1000)))
	for name, lineage := range map[string][][]byte{"none": nil, "another transaction": {stranger}, "a gap": {child}, "a stranger's in between": {child, stranger, maker},
		"the other way round": {maker, child}, "not a transaction": {{1}}, "without end": make([][]byte, lineageMost+1), "something more": {child, maker, stranger}} {
		wrong := proto.Clone(longer).(*ferryv1.AttestDeathRequest)
		wrong.Lineage = lineage
		if _, err := d.attestDeath(wrong); !isRefusal(err, "lineage") {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain.Lineage = [][]byte{maker}
	if _, err := d.attestDeath(plain); !isRefusal(err, "lineage") {
		t.Errorf("a proof of nothing: %v", err)
	}
}

func isRefusal(err error, field string) bool {
	var refusal *swap.Error
	return errors.As(err, &refusal) && refusal.Field == field
}

// spending is a transaction in wire form that spends a coin.
func spending(t *testing.T, c *fakechain.Chain, coin string) []byte {
	t.Helper()
	txid, _, _ := strings.Cut(coin, ":")
	// The chain has lost the coin's maker: a plan is made beside it, of one that is there.
	there := c.Pay(c.NewAddress(), asset.NewUnits(1_000_000))
	c.Mine(1)
	p, err := c.Plan(t.Context(), chain.Funds{Coins: []chain.Coin{{TxID: there, Units: asset.NewUnits(1_000_000)}}, ChangeAddress: c.NewAddress()},
		chain.Pay(chain.Output{Destination: c.NewAddress(), Asset: asset.BTC, Units: asset.NewUnits(10_000)}, asset.NewUnits(1_000_000)))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Replace(string(p.Unsigned), there, txid, 1))
}

// Each case breaks one rule of an otherwise good request; nothing is signed, and
// afterwards the death still is.
func TestAttestDeathRefuses(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), fakechain.NewEthereum(fakechain.Config{Networks: swaptest.Networks})
	d.ending(t, Node{c, named("Geth")})
	good, other := send(t, c, true, 1), send(t, c, true, 0)
	c.MineEmpty(deathDepth)
	for name, c := range map[string]struct {
		change          func(r *ferryv1.AttestDeathRequest)
		field, sentence string
	}{
		"no chain":       {func(r *ferryv1.AttestDeathRequest) { r.Chain = "dogecoin" }, "chain", "not known"},
		"another chain":  {func(r *ferryv1.AttestDeathRequest) { r.Chain = "bitcoin" }, "", "no coin or nonce"},
		"no anchor":      {func(r *ferryv1.AttestDeathRequest) { r.Anchor = "" }, "anchor", "no coin or nonce"},
		"another anchor": {func(r *ferryv1.AttestDeathRequest) { r.Anchor = other.GetAnchor() }, "spent", "by itself"},
		"another spelling": {func(r *ferryv1.AttestDeathRequest) {
			r.Anchor, r.Spent = strings.ToLower(r.Anchor), strings.ToLower(r.Spent)
		}, "", "canonical"},
		"another nonce": {func(r *ferryv1.AttestDeathRequest) {
			r.Anchor = strings.TrimSuffix(r.Anchor, "1") + "2"
			r.Spent = r.Anchor
		}, "spent", "No transaction"},
		"another's nonce":         {func(r *ferryv1.AttestDeathRequest) { r.Anchor, r.Spent = other.Anchor, other.Spent }, "spent", "No transaction"},
		"another spender":         {func(r *ferryv1.AttestDeathRequest) { r.Spender = other.Spender }, "spender", "Another transaction"},
		"no spender":              {func(r *ferryv1.AttestDeathRequest) { r.Spender = "" }, "spender", "missing"},
		"a lineage":               {func(r *ferryv1.AttestDeathRequest) { r.Lineage = [][]byte{{1}} }, "lineage", "nothing to prove"},
		"another block":           {func(r *ferryv1.AttestDeathRequest) { r.BlockHash = other.BlockHash }, "block_hash", "another block"},
		"a block to come":         {func(r *ferryv1.AttestDeathRequest) { r.Height += 100 }, "depth", "5 are needed"},
		"no block":                {func(r *ferryv1.AttestDeathRequest) { r.BlockHash = "" }, "block_hash", "no hash"},
		"a block below the first": {func(r *ferryv1.AttestDeathRequest) { r.Height = -1 }, "block_hash", "no height"},
		"no lease":                {func(r *ferryv1.AttestDeathRequest) { r.FencingToken = 0 }, "fencing_token", "no lease"},
		"an old lease":            {func(r *ferryv1.AttestDeathRequest) { r.FencingToken = 1 }, "fencing_token", "older"},
	} {
		t.Run(name, func(t *testing.T) {
			req := proto.Clone(good).(*ferryv1.AttestDeathRequest)
			if _, err := d.attestDeath(req); err != nil {
				t.Fatal(err)
			}
			c.change(req)
			_, err := d.attestDeath(req)
			var refusal *swap.Error
			if !errors.As(err, &refusal) || c.field != "" && refusal.Field != c.field || !strings.Contains(refusal.Message, c.sentence) {
				t.Errorf("%v, want a refusal of %q that says %q", err, c.field, c.sentence)
			}
		})
	}
}

// Every node that the attestor has must say the same: one that is away, behind or on
// another branch yields nothing; nor is there a death where no rule says how deep it is.
func TestDeathOnSeveralNodes(t *testing.T) {
	t.Parallel()
	d, c := deskFor(t), newBitcoin(1)
	req, _ := doubleSpent(t, c)
	c.MineEmpty(deathDepth - 1)
	d.ending(t, Node{c, named("btcd")}, Node{c, named("Satoshi")})
	if got, err := d.attestDeath(req); err != nil || got.Software != "btcd" || got.SecondSoftware != "Satoshi" || got.Depth != deathDepth {
		t.Errorf("both agree: %+v, %v", got, err)
	}
	d.ending(t, Node{c, named("btcd")}, Node{c, named("btcd")})
	if got, err := d.attestDeath(req); err != nil || got.SecondSoftware != "" {
		t.Errorf("the same software: %+v, %v", got, err)
	}
	false2 := newBitcoin(2)
	d.ending(t, Node{c, named("btcd")}, Node{false2, named("Satoshi")})
	_, err := d.attestDeath(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "depth", "0 blocks deep")
	false2.Mine(100)
	_, err = d.attestDeath(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block_hash", "another block")
	false2.SetAway(true)
	_, err = d.attestDeath(req)
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "does not answer")
	r := &turning{Reader: c, turn: func() {
		c.Reorg(deathDepth, fakechain.Drop)
		c.Mine(deathDepth + 10)
	}}
	// A turning node shows no transactions: the lineage is of the first node.
	d.ending(t, Node{c, named("btcd")}, Node{r, named("Satoshi")})
	_, err = d.attestDeath(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block_hash", "another block")
	d.seeing(t, Node{c, named("btcd")})
	_, err = d.attestDeath(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "depth", "never count as dead")
}
