package remote_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"testing"

	"connectrpc.com/connect"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/payment/remote"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// fakeSignerd answers with what it is given and keeps what it was asked.
type fakeSignerd struct {
	asked    proto.Message
	response *ferryv1.SignResponse
	err      error
}

func (f *fakeSignerd) SignUTXO(_ context.Context, r *connect.Request[ferryv1.SignUTXORequest]) (*connect.Response[ferryv1.SignResponse], error) {
	f.asked = r.Msg
	return connect.NewResponse(f.response), f.err
}

func (f *fakeSignerd) SignEthereum(_ context.Context, r *connect.Request[ferryv1.SignEthereumRequest]) (*connect.Response[ferryv1.SignResponse], error) {
	f.asked = r.Msg
	return connect.NewResponse(f.response), f.err
}

func (f *fakeSignerd) Ended(_ context.Context, r *connect.Request[ferryv1.EndedRequest]) (*connect.Response[ferryv1.EndedResponse], error) {
	f.asked = r.Msg
	return connect.NewResponse(&ferryv1.EndedResponse{Anchors: r.Msg.GetAnchors()}), f.err
}

// bitcoinTx is a transaction of one input, with a witness if it is signed.
func bitcoinTx(t testing.TB, value int64, signed bool) (raw []byte, txid string) {
	t.Helper()
	return utxoTx(t, asset.Bitcoin, value, signed)
}

// utxoTx is a transaction of one input, with a signature in the chain's form if it is
// signed.
func utxoTx(t testing.TB, on asset.Chain, value int64, signed bool) (raw []byte, txid string) {
	t.Helper()
	tx := wire.NewMsgTx(2)
	in := wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{1}, 3), nil, nil)
	switch {
	case signed && on == asset.BitcoinCash:
		in.SignatureScript = []byte{1, 1, 1, 2}
	case signed:
		in.Witness = wire.TxWitness{{1}, {2}}
	}
	tx.AddTxIn(in)
	tx.AddTxOut(wire.NewTxOut(value, []byte{0, 20}))
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), tx.TxHash().String()
}

func ethereumTx(t testing.TB, nonce uint64, signed bool) (raw []byte, txid string) {
	t.Helper()
	tx := types.NewTx(&types.DynamicFeeTx{ChainID: big.NewInt(1337), Nonce: nonce, GasTipCap: big.NewInt(1),
		GasFeeCap: big.NewInt(2), Gas: 21000, To: &common.Address{7}, Value: big.NewInt(5)})
	if signed {
		key, err := crypto.ToECDSA(bytes.Repeat([]byte{3}, 32))
		if err != nil {
			t.Fatal(err)
		}
		if tx, err = types.SignTx(tx, types.LatestSignerForChainID(big.NewInt(1337)), key); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw, tx.Hash().Hex()
}

// tx is the transaction of a chain that n tells from others.
func tx(t testing.TB, on asset.Chain, n uint64, signed bool) (raw []byte, txid string) {
	t.Helper()
	if on == asset.Ethereum {
		return ethereumTx(t, n, signed)
	}
	return utxoTx(t, on, int64(n), signed)
}

func request(on asset.Chain, unsigned []byte) payment.SignRequest {
	return payment.SignRequest{FencingToken: 4,
		Authorities: []payment.Authority{{Order: swap.Order{ID: "payout:swap_1", Chain: on, Purpose: swap.PurposePayout, SignedQuote: "q", SignedReceipt: "r",
			SignedRequote: "p", SignedConsent: "c", SignedRefundAddress: "a", SignedWrongAssetRefund: "w",
			Deposits: []swap.OrderDeposit{{ID: "bitcoin:ab:0", Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(9)}},
				{ID: "bitcoin:cd:1", Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(2)}}}}}},
		Plan: chain.Plan{Unsigned: unsigned, SenderPath: "m/1", ChangeIndex: 1, ChangePath: "m/2",
			Coins: []chain.Coin{{Path: "m/3", PreviousTx: []byte("previous")}}}}
}

func TestAsks(t *testing.T) {
	t.Parallel()
	authority := &ferryv1.Authority{Purpose: "payout", SignedQuote: "q", SignedReceipt: "r",
		SignedRequote: "p", SignedConsent: "c", SignedRefundAddress: "a",
		Deposits:               []*ferryv1.AuthorityDeposit{{DepositId: "bitcoin:ab:0", Units: "9", Asset: "BTC"}, {DepositId: "bitcoin:cd:1", Units: "2", Asset: "BTC"}},
		SignedWrongAssetRefund: "w", FencingToken: 4}
	for _, on := range asset.Chains() {
		unsigned, _ := tx(t, on, 5, false)
		var want proto.Message = &ferryv1.SignUTXORequest{Authorities: []*ferryv1.Authority{authority}, UnsignedTx: unsigned, Chain: string(on),
			Inputs: []*ferryv1.UTXOInput{{PreviousTx: []byte("previous"), Path: "m/3"}},
			Change: []*ferryv1.UTXOChange{{OutputIndex: 1, Path: "m/2"}}}
		if on == asset.Ethereum {
			want = &ferryv1.SignEthereumRequest{Authority: authority, UnsignedTx: unsigned, Path: "m/1"}
		}
		f := &fakeSignerd{response: &ferryv1.SignResponse{}}
		f.response.RawTx, f.response.Txid = tx(t, on, 5, true)
		raw, txid, err := remote.New(f).Sign(t.Context(), request(on, unsigned))
		if err != nil || !bytes.Equal(raw, f.response.GetRawTx()) || txid != f.response.GetTxid() {
			t.Errorf("%s: %v", on, err)
		}
		if !proto.Equal(f.asked, want) {
			t.Errorf("%s: asked %v\nwant %v", on, f.asked, want)
		}
	}
}

func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	unsignedBTC, _ := bitcoinTx(t, 5, false)
	unsignedETH, _ := ethereumTx(t, 5, false)
	goodBTC, goodBTCID := bitcoinTx(t, 5, true)
	otherBTC, otherBTCID := bitcoinTx(t, 6, true)
	goodETH, goodETHID := ethereumTx(t, 5, true)
	otherETH, otherETHID := ethereumTx(t, 6, true)
	goodBCH, goodBCHID := utxoTx(t, asset.BitcoinCash, 5, true)
	otherBCH, otherBCHID := utxoTx(t, asset.BitcoinCash, 6, true)
	for name, row := range map[string]struct {
		on   asset.Chain
		raw  []byte
		txid string
	}{
		"bitcoin another transaction":  {asset.Bitcoin, otherBTC, otherBTCID},
		"bitcoin another txid":         {asset.Bitcoin, goodBTC, otherBTCID},
		"bitcoin no witness":           {asset.Bitcoin, unsignedBTC, goodBTCID},
		"bitcoin nothing":              {asset.Bitcoin, nil, ""},
		"bitcoin trailing bytes":       {asset.Bitcoin, append(bytes.Clone(goodBTC), 0), goodBTCID},
		"bitcoin as bitcoin cash":      {asset.BitcoinCash, goodBTC, goodBTCID},
		"bitcoin cash as bitcoin":      {asset.Bitcoin, goodBCH, goodBCHID},
		"bitcoin cash another":         {asset.BitcoinCash, otherBCH, otherBCHID},
		"bitcoin cash another txid":    {asset.BitcoinCash, goodBCH, goodBTCID},
		"bitcoin cash no signature":    {asset.BitcoinCash, unsignedBTC, goodBTCID},
		"litecoin no witness":          {asset.Litecoin, unsignedBTC, goodBTCID},
		"ethereum another transaction": {asset.Ethereum, otherETH, otherETHID},
		"ethereum another txid":        {asset.Ethereum, goodETH, otherETHID},
		"ethereum nothing":             {asset.Ethereum, nil, ""},
	} {
		unsigned := unsignedBTC
		if row.on == asset.Ethereum {
			unsigned = unsignedETH
		}
		f := &fakeSignerd{response: &ferryv1.SignResponse{RawTx: row.raw, Txid: row.txid}}
		if _, _, err := remote.New(f).Sign(t.Context(), request(row.on, unsigned)); !errors.Is(err, remote.ErrNotThePlan) {
			t.Errorf("%s: %v, want ErrNotThePlan", name, err)
		}
	}
	for _, on := range []asset.Chain{asset.Bitcoin, asset.Litecoin, asset.BitcoinCash} {
		good, txid := utxoTx(t, on, 5, true)
		if err := remote.CheckUTXO(on, chain.Plan{Unsigned: unsignedBTC}, good, txid); err != nil {
			t.Error(err)
		}
	}
	// On Bitcoin the coin says which form its signature has.
	made, of := wire.NewMsgTx(2), bytes.NewBuffer(nil)
	made.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{2}, 0), nil, nil))
	made.AddTxOut(wire.NewTxOut(9, append(append([]byte{0x76, 0xa9, 0x14}, make([]byte, 20)...), 0x88, 0xac)))
	if err := made.Serialize(of); err != nil {
		t.Fatal(err)
	}
	legacy := chain.Plan{Unsigned: unsignedBTC, Coins: []chain.Coin{{PreviousTx: of.Bytes()}}}
	if err := remote.CheckUTXO(asset.Bitcoin, legacy, goodBCH, goodBCHID); err != nil {
		t.Errorf("an older coin signed in its script: %v", err)
	}
	if err := remote.CheckUTXO(asset.Bitcoin, legacy, goodBTC, goodBTCID); !errors.Is(err, remote.ErrNotThePlan) {
		t.Errorf("an older coin signed in its witness: %v", err)
	}
	if err := remote.CheckEthereum(unsignedETH, goodETH, goodETHID); err != nil {
		t.Error(err)
	}
}

// What is handed in is checked once more: bytes that lay in a database must still
// be those of their plan.
func TestStoredBytesAreChecked(t *testing.T) {
	t.Parallel()
	for _, on := range asset.Chains() {
		sign := func(n uint64, signed bool) ([]byte, string) { return tx(t, on, n, signed) }
		unsigned, _ := sign(5, false)
		raw, txid := sign(5, true)
		foreign, foreignID := sign(6, true)
		good := payment.Attempt{N: 1, State: payment.AttemptSigned, Plan: chain.Plan{Unsigned: unsigned}, Raw: raw, TxID: txid}
		if err := remote.Check(on, good); err != nil {
			t.Errorf("%s: %v", on, err)
		}
		for name, spoil := range map[string]func(a *payment.Attempt){
			"raw":        func(a *payment.Attempt) { a.Raw = foreign },
			"txid":       func(a *payment.Attempt) { a.TxID = foreignID },
			"both":       func(a *payment.Attempt) { a.Raw, a.TxID = foreign, foreignID },
			"unsigned":   func(a *payment.Attempt) { a.Raw = unsigned },
			"no raw":     func(a *payment.Attempt) { a.Raw = nil },
			"plan":       func(a *payment.Attempt) { a.Plan.Unsigned = foreign },
			"empty plan": func(a *payment.Attempt) { a.Plan.Unsigned = nil },
		} {
			a := good
			spoil(&a)
			if remote.Check(on, a) == nil {
				t.Errorf("%s: changed %s passes", on, name)
			}
		}
	}
	if remote.Check("dogecoin", payment.Attempt{}) == nil {
		t.Error("a chain without transactions passes")
	}
}

func TestRefusalsPass(t *testing.T) {
	t.Parallel()
	unsigned, _ := bitcoinTx(t, 5, false)
	f := &fakeSignerd{err: swap.Refuse(swap.CodeRefused, "unsigned_tx", "", "no")}
	if _, _, err := remote.New(f).Sign(t.Context(), request(asset.Bitcoin, unsigned)); swap.ErrorCode(err) != swap.CodeRefused {
		t.Errorf("%v, want the refusal", err)
	}
	if _, _, err := remote.New(f).Sign(t.Context(), request("dogecoin", unsigned)); err == nil {
		t.Error("an unknown chain was signed for")
	}
}

// No bytes from the signer can stop the process, or pass for a plan that they are not.
func FuzzCheckUTXO(f *testing.F) {
	unsigned, txid := bitcoinTx(f, 5, false)
	good, _ := bitcoinTx(f, 5, true)
	cash, cashID := utxoTx(f, asset.BitcoinCash, 5, true)
	f.Add(good, txid)
	f.Add(unsigned, txid)
	f.Add(cash, cashID)
	f.Fuzz(func(t *testing.T, raw []byte, txid string) {
		for _, on := range []asset.Chain{asset.Bitcoin, asset.BitcoinCash} {
			if err := remote.CheckUTXO(on, chain.Plan{Unsigned: unsigned}, raw, txid); err == nil && !bytes.Contains(raw, unsigned[len(unsigned)-15:len(unsigned)-4]) {
				t.Fatalf("%s: %x passed", on, raw)
			}
		}
	})
}

func FuzzCheckEthereum(f *testing.F) {
	unsigned, _ := ethereumTx(f, 5, false)
	good, txid := ethereumTx(f, 5, true)
	f.Add(good)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := remote.CheckEthereum(unsigned, raw, txid); err == nil && !bytes.Equal(raw, good) {
			t.Fatalf("%x passed", raw)
		}
	})
}
