package signer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// desk is a signer in a folder of its own, with the keys of those it trusts.
type desk struct {
	reporter            swaptest.Reporter
	bare                bool // no attestation is added to what is asked
	config              Config
	signer              *Signer
	quoteKey, attestKey ed25519.PrivateKey
	userBitcoin         string
	userCash            string
}

func ed25519Key(t swaptest.Reporter) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatalf("generate key: %v", err)
	}
	return private
}

func publicKeys(private ed25519.PrivateKey) swap.PublicKeys {
	public := private.Public().(ed25519.PublicKey)
	return swap.PublicKeys{swap.KeyID(public): public}
}

// newDesk prepares and opens a signer under dir.
func newDesk(t swaptest.Reporter, dir string) *desk {
	t.Helper()
	return newDeskOn(t, dir, everyChain)
}

// newDeskOn is newDesk of a deployment on other networks.
func newDeskOn(t swaptest.Reporter, dir string, networks asset.Networks) *desk {
	t.Helper()
	d := &desk{reporter: t, quoteKey: ed25519Key(t), attestKey: ed25519Key(t)}
	d.config = Config{
		Dir: filepath.Join(dir, "signer"), KeyFile: filepath.Join(dir, "key", "signer.key"), Networks: networks,
		QuoteKeys: publicKeys(d.quoteKey), AttestKeys: publicKeys(d.attestKey), Caps: DefaultCaps(), Rules: testRules(),
	}
	if _, err := Init(d.config.Dir, d.config.KeyFile, networks); err != nil {
		t.Fatalf("init: %v", err)
	}
	d.open(t)
	d.userBitcoin = foreignAddress(t, asset.Bitcoin)
	d.userCash = foreignAddress(t, asset.BitcoinCash)
	return d
}

// everyChain are the networks that a desk signs on.
var everyChain = asset.Networks{Bitcoin: "simnet", Litecoin: "regtest", BitcoinCash: "simnet", EthereumChainID: 1337}

// foreignAddress is an address of another seed.
func foreignAddress(t swaptest.Reporter, on asset.Chain) string {
	t.Helper()
	ring, err := newKeyring(everyChain, bytes.Repeat([]byte{9}, seedSize))
	if err != nil {
		t.Fatalf("foreign keyring: %v", err)
	}
	key, err := ring.public.Derive(on, keys.Deposit, keys.External, 0)
	if err != nil {
		t.Fatalf("foreign address: %v", err)
	}
	return key.Address
}

func (d *desk) open(t swaptest.Reporter) {
	t.Helper()
	var err error
	if d.signer, err = Open(d.config); err != nil {
		t.Fatalf("open: %v", err)
	}
}

func (d *desk) reopen(t swaptest.Reporter) {
	t.Helper()
	if err := d.signer.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	d.open(t)
}

// deskFor is newDesk, closed at the test's end.
func deskFor(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, t.TempDir())
	t.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// terms are a signed quote with its receipt: 0.015 BTC against 0.25 ETH, in
// either direction.
func (d *desk) terms(t swaptest.Reporter, from, to asset.ID) (signedQuote, signedReceipt string) {
	t.Helper()
	q := quote(from, to)
	return d.signTerms(t, q, d.receipt(q))
}

func quote(from, to asset.ID) swap.Quote {
	now := swap.Millis(time.Now())
	units := map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(payoutSat), asset.LTC: asset.NewUnits(payoutSat), asset.BCH: asset.NewUnits(payoutSat), asset.ETH: asset.MustUnits("250000000000000000")}
	fees := map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(5_000), asset.LTC: asset.NewUnits(5_000), asset.BCH: asset.NewUnits(5_000), asset.ETH: asset.MustUnits("1000000000000000")}
	return swap.Quote{
		ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: from, To: to},
		Deposit: asset.Amount{Asset: from, Units: units[from]}, Payout: asset.Amount{Asset: to, Units: units[to]},
		Rate: "1", ServiceFee: asset.Amount{Asset: to, Units: fees[to]}, NetworkFee: asset.Amount{Asset: to, Units: fees[to]},
		RefundFeeMax: asset.Amount{Asset: from, Units: fees[from]}, IssuedAt: now, AcceptBy: now.Add(time.Minute),
		DepositWindowSeconds: 3600, ConfirmWindowSeconds: 7200,
	}
}

func (d *desk) receipt(q swap.Quote) swap.Receipt {
	return swap.Receipt{
		SwapID: swap.NewID(swap.SwapPrefix, q.IssuedAt), QuoteID: q.ID, DepositChain: q.DepositChain(), DepositAsset: q.Pair.From,
		DepositAddress: "address", DepositPath: "path", PayoutAddress: d.user(q.PayoutChain()), RefundAddress: d.user(q.DepositChain()),
		Policy: swap.RefundPolicy(), SecretHash: strings.Repeat("ab", 32), IssuedAt: q.IssuedAt,
		DepositBy: q.IssuedAt.Add(time.Hour), ConfirmBy: q.IssuedAt.Add(2 * time.Hour),
	}
}

// user is the user's address on a chain.
func (d *desk) user(on asset.Chain) string {
	return map[asset.Chain]string{asset.Bitcoin: d.userBitcoin, asset.BitcoinCash: d.userCash, asset.Ethereum: swaptest.EthereumAddress,
		asset.Litecoin: "rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7k693xs3"}[on]
}

func (d *desk) signTerms(t swaptest.Reporter, q swap.Quote, r swap.Receipt) (signedQuote, signedReceipt string) {
	t.Helper()
	signedQuote, err := swap.SignQuote(q, d.quoteKey)
	if err != nil {
		t.Fatalf("sign quote: %v", err)
	}
	r.QuoteHash = swap.HashDocument(signedQuote)
	signedReceipt, err = swap.SignReceipt(r, d.attestKey)
	if err != nil {
		t.Fatalf("sign receipt: %v", err)
	}
	return signedQuote, signedReceipt
}

// authority is one that the terms permit.
func (d *desk) authority(t swaptest.Reporter, purpose swap.Purpose, from, to asset.ID, deposit string) *ferryv1.Authority {
	t.Helper()
	signedQuote, signedReceipt := d.terms(t, from, to)
	return &ferryv1.Authority{
		Purpose: string(purpose), SignedQuote: signedQuote, SignedReceipt: signedReceipt,
		Deposits: uses(depositID(asset.MustLookup(from).Chain, deposit), quote(from, to).Deposit.Units), FencingToken: 7,
	}
}

// depositID makes the id of an imaginary deposit.
func depositID(chain asset.Chain, name string) string {
	sum := sha256.Sum256([]byte(name))
	txid := hex.EncodeToString(sum[:])
	if chain == asset.Ethereum {
		txid = "0x" + txid
	}
	return fmt.Sprintf("%s:%s:0", chain, txid)
}

func (d *desk) key(t swaptest.Reporter, role keys.Role, branch, index uint32) keys.Key {
	t.Helper()
	return d.keyOn(t, asset.Bitcoin, role, branch, index)
}

func (d *desk) keyOn(t swaptest.Reporter, on asset.Chain, role keys.Role, branch, index uint32) keys.Key {
	t.Helper()
	key, err := d.signer.ring.public.Derive(on, role, branch, index)
	if err != nil {
		t.Fatalf("derive: %v", err)
	}
	return key
}

// coin is a transaction that pays units to one of our keys, as its output 1.
// Coins of different names are different.
func coin(name string, to keys.Key, units int64) *wire.MsgTx {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.HashH([]byte(name))}, []byte{0x51}, nil))
	tx.AddTxOut(wire.NewTxOut(546, []byte{0x51}))
	tx.AddTxOut(wire.NewTxOut(units, to.Script))
	return tx
}

func wireBytes(t swaptest.Reporter, tx *wire.MsgTx) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		t.Fatalf("serialize: %v", err)
	}
	return b.Bytes()
}

func (d *desk) signBitcoin(req *ferryv1.SignUTXORequest) (*ferryv1.SignResponse, error) {
	req = proto.Clone(req).(*ferryv1.SignUTXORequest)
	for i, a := range req.GetAuthorities() {
		req.Authorities[i] = d.attested(d.reporter, a)
	}
	res, err := d.signer.SignUTXO(context.Background(), connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	return res.Msg, nil
}

func (d *desk) signEthereum(req *ferryv1.SignEthereumRequest) (*ferryv1.SignResponse, error) {
	req = proto.Clone(req).(*ferryv1.SignEthereumRequest)
	req.Authority = d.attested(d.reporter, req.GetAuthority())
	res, err := d.signer.SignEthereum(context.Background(), connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	return res.Msg, nil
}

// wantRefusal checks that err is the signer's refusal and that its sentence and
// field are the ones expected.
func wantRefusal(t swaptest.Reporter, err error, field, sentence string) {
	t.Helper()
	swaptest.WantRefusal(t, err, swap.CodeRefused, field, sentence)
}

// uses is what an authority of one deposit uses up.
func uses(id string, units asset.Units) []*ferryv1.AuthorityDeposit {
	return []*ferryv1.AuthorityDeposit{{DepositId: id, Units: units.String()}}
}
