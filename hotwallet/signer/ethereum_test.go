package signer

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

const senderPath = "m/44'/60'/1'/0/0"

func payoutWei() *big.Int { return asset.MustUnits("250000000000000000").Big() }

// transfer is an unsigned payment to the user.
func transfer(nonce uint64, wei *big.Int) *types.DynamicFeeTx {
	to := common.HexToAddress(swaptest.EthereumAddress)
	return &types.DynamicFeeTx{ChainID: big.NewInt(swaptest.Networks.EthereumChainID), Nonce: nonce, To: &to, Value: wei,
		Gas: transferGas, GasTipCap: big.NewInt(1_000_000_000), GasFeeCap: big.NewInt(3_000_000_000)}
}

func sendEther(t swaptest.Reporter, a *ferryv1.Authority, tx types.TxData) *ferryv1.SignEthereumRequest {
	t.Helper()
	raw, err := types.NewTx(tx).MarshalBinary()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return &ferryv1.SignEthereumRequest{Authority: a, UnsignedTx: raw, Path: senderPath}
}

func TestSignEthereumPaysOutAndRefunds(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	fee := big.NewInt(1_000_000_000_000_000)
	for name, req := range map[string]*ferryv1.SignEthereumRequest{
		"payout": sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a"), transfer(0, payoutWei())),
		"refund": sendEther(t, d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, "b"), transfer(1, new(big.Int).Sub(payoutWei(), fee))),
	} {
		res, err := d.signEthereum(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var signed types.Transaction
		if err := signed.UnmarshalBinary(res.GetRawTx()); err != nil {
			t.Fatalf("%s: decode: %v", name, err)
		}
		sender, err := d.signer.ring.derive(hotSender(asset.Ethereum))
		if err != nil {
			t.Fatal(err)
		}
		from, err := types.Sender(types.NewLondonSigner(big.NewInt(1337)), &signed)
		if err != nil || from.Hex() != sender.Address || sender.Path != senderPath {
			t.Errorf("%s: sender is %s (%v), want %s at %s", name, from, err, sender.Address, sender.Path)
		}
		if signed.Hash().Hex() != res.GetTxid() {
			t.Errorf("%s: txid is %s, want %s", name, res.GetTxid(), signed.Hash())
		}
	}
}

func TestSignEthereumRefuses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a")
	onTx := func(change func(tx *types.DynamicFeeTx)) *ferryv1.SignEthereumRequest {
		tx := transfer(0, payoutWei())
		change(tx)
		return sendEther(t, a, tx)
	}
	onRequest := func(change func(req *ferryv1.SignEthereumRequest)) *ferryv1.SignEthereumRequest {
		req := sendEther(t, a, transfer(0, payoutWei()))
		change(req)
		return req
	}
	to := common.HexToAddress(swaptest.EthereumAddress)
	for name, c := range map[string]struct {
		req             *ferryv1.SignEthereumRequest
		field, sentence string
	}{
		"another amount":      {onTx(func(tx *types.DynamicFeeTx) { tx.Value.Add(tx.Value, big.NewInt(1)) }), "unsigned_tx", "too large for this payout"},
		"a smaller amount":    {onTx(func(tx *types.DynamicFeeTx) { tx.Value.Sub(tx.Value, big.NewInt(1)) }), "unsigned_tx", "too small for this payout"},
		"an amount too large": {onTx(func(tx *types.DynamicFeeTx) { tx.Value.Lsh(tx.Value, 256) }), "unsigned_tx", ""},
		"another destination": {onTx(func(tx *types.DynamicFeeTx) { tx.To = &common.Address{5: 1} }), "unsigned_tx", "pays another address"},
		"a contract":          {onTx(func(tx *types.DynamicFeeTx) { tx.To = nil }), "unsigned_tx", "creates a contract"},
		"data":                {onTx(func(tx *types.DynamicFeeTx) { tx.Data = []byte{1} }), "unsigned_tx", "calls a contract"},
		"access list": {onTx(func(tx *types.DynamicFeeTx) { tx.AccessList = types.AccessList{{Address: to}} }),
			"unsigned_tx", "calls a contract"},
		"another chain":   {onTx(func(tx *types.DynamicFeeTx) { tx.ChainID = big.NewInt(1) }), "unsigned_tx", "for another chain"},
		"gas":             {onTx(func(tx *types.DynamicFeeTx) { tx.Gas = 100_001 }), "unsigned_tx", "gas limit 100001 is above"},
		"too little gas":  {onTx(func(tx *types.DynamicFeeTx) { tx.Gas = 20_999 }), "unsigned_tx", "below 21000"},
		"fee":             {onTx(func(tx *types.DynamicFeeTx) { tx.GasFeeCap = big.NewInt(3_000_000_000_000) }), "unsigned_tx", "is above the limit."},
		"fee rate":        {onTx(func(tx *types.DynamicFeeTx) { tx.GasFeeCap = big.NewInt(1_000_000_000_001) }), "unsigned_tx", "transaction of this size"},
		"no fee":          {onTx(func(tx *types.DynamicFeeTx) { tx.GasFeeCap, tx.GasTipCap = big.NewInt(0), big.NewInt(0) }), "unsigned_tx", "fee per gas"},
		"fee of 257 bits": {onTx(func(tx *types.DynamicFeeTx) { tx.GasFeeCap = new(big.Int).Lsh(big.NewInt(1), 256) }), "unsigned_tx", ""},
		"tip above cap":   {onTx(func(tx *types.DynamicFeeTx) { tx.GasTipCap = big.NewInt(3_000_000_001) }), "unsigned_tx", "below its tip"},
		"signed already":  {onTx(func(tx *types.DynamicFeeTx) { tx.V, tx.R, tx.S = big.NewInt(1), big.NewInt(1), big.NewInt(1) }), "unsigned_tx", "signed already"},
		"of type 0": {sendEther(t, a, &types.LegacyTx{To: &to, Value: payoutWei(), Gas: transferGas, GasPrice: big.NewInt(1)}),
			"unsigned_tx", "not of type 2"},
		"trailing bytes": {onRequest(func(req *ferryv1.SignEthereumRequest) { req.UnsignedTx = append(req.UnsignedTx, 0) }), "unsigned_tx", "decode"},
		"cut short":      {onRequest(func(req *ferryv1.SignEthereumRequest) { req.UnsignedTx = req.UnsignedTx[:20] }), "unsigned_tx", "decode"},
		"empty":          {onRequest(func(req *ferryv1.SignEthereumRequest) { req.UnsignedTx = nil }), "unsigned_tx", "not of type 2"},
		"too long":       {onRequest(func(req *ferryv1.SignEthereumRequest) { req.UnsignedTx = make([]byte, 1025) }), "unsigned_tx", "at most 1024"},
		"another sender": {onRequest(func(req *ferryv1.SignEthereumRequest) { req.Path = "m/44'/60'/1'/0/1" }), "path", "hot sender"},
		"deposit sender": {onRequest(func(req *ferryv1.SignEthereumRequest) { req.Path = "m/44'/60'/0'/0/0" }), "path", "hot sender"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signEthereum(c.req)
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if _, err := d.signEthereum(sendEther(t, a, transfer(0, payoutWei()))); err != nil {
		t.Fatalf("the payout itself: %v", err)
	}
}

// A payment that later ones of its account wait for may cost any share of what it pays, up to a
// limit; above it the share counts, and a sweep's always does.
func TestASmallFeeMayBeAnyShare(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	limit := d.signer.caps[asset.ETH]
	limit.FeeBasisPoints = 1 // of payoutWei that is less than any fee
	d.signer.caps[asset.ETH] = limit
	payout := sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a"), transfer(0, payoutWei()))
	sweep := d.houseEther(t, swap.PurposeSweep, 0)
	_, err := d.signEthereum(payout)
	wantRefusal(t, err, "unsigned_tx", "too large a share")
	fee := func(req *ferryv1.SignEthereumRequest) (most asset.Units) {
		t.Helper()
		editEther(t, req, func(tx *types.DynamicFeeTx) {
			u, err := asset.UnitsFromBig(new(big.Int).Mul(tx.GasFeeCap, new(big.Int).SetUint64(tx.Gas)))
			if err != nil {
				t.Fatal(err)
			}
			most = u
		})
		return most
	}
	if limit.FeeAnyShare, err = fee(payout).Sub(asset.NewUnits(1)); err != nil {
		t.Fatal(err)
	}
	d.signer.caps[asset.ETH] = limit
	_, err = d.signEthereum(payout)
	wantRefusal(t, err, "unsigned_tx", "too large a share")
	limit.FeeAnyShare = limit.Fee
	d.signer.caps[asset.ETH] = limit
	_, err = d.signEthereum(sweep)
	wantRefusal(t, err, "unsigned_tx", "too large a share")
	if limit.FeeAnyShare = fee(payout); limit.Fee.Less(limit.FeeAnyShare) {
		t.Fatal("its fee is above the limit for any")
	}
	d.signer.caps[asset.ETH] = limit
	if _, err := d.signEthereum(payout); err != nil {
		t.Errorf("a fee at the limit: %v", err)
	}
}
