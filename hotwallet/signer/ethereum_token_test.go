package signer

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

const (
	usdtContract = "0x1111111111111111111111111111111111111111"
	usdcContract = "0x2222222222222222222222222222222222222222"
)

// tokenDesk is a signer of a deployment that pins both contracts.
func tokenDesk(t *testing.T) *desk {
	t.Helper()
	networks := everyChain
	networks.Tokens = asset.Tokens{USDT: usdtContract, USDC: usdcContract}
	d := newDeskOn(t, t.TempDir(), networks)
	t.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// tokenQuote is of a swap of 250 dollars and 0.015 BTC or 0.1 ETH.
func tokenQuote(from, to asset.ID) swap.Quote {
	now := swap.Millis(time.Now())
	units := map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(1_500_000), asset.ETH: asset.MustUnits("100000000000000000"),
		asset.USDT: asset.NewUnits(250_000_000), asset.USDC: asset.NewUnits(250_000_000)}
	in := func(id asset.ID, u asset.Units) asset.Amount { return asset.Amount{Asset: id, Units: u} }
	return swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: from, To: to},
		Deposit: in(from, units[from]), Payout: in(to, units[to]), Rate: "1", ServiceFee: in(to, asset.NewUnits(1)),
		NetworkFee: in(to, asset.NewUnits(1)), RefundFeeMax: in(from, asset.NewUnits(2_000_000)),
		IssuedAt: now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 3600, ConfirmWindowSeconds: 7200}
}

// tokenAuthority permits a payout or refund of the swap.
func (d *desk) tokenAuthority(t *testing.T, purpose swap.Purpose, from, to asset.ID, deposit string) *ferryv1.Authority {
	t.Helper()
	q := tokenQuote(from, to)
	signedQuote, signedReceipt := d.signTerms(t, q, d.receipt(q))
	return &ferryv1.Authority{Purpose: string(purpose), SignedQuote: signedQuote, SignedReceipt: signedReceipt, FencingToken: 7,
		Deposits: uses(depositID(q.DepositChain(), deposit), q.Deposit.Units)}
}

// calls is the calldata of transfer(address,uint256).
func calls(to string, units uint64) []byte {
	data := append(bytes.Clone(transferCall), make([]byte, 12)...)
	data = append(data, common.HexToAddress(to).Bytes()...)
	return append(data, common.LeftPadBytes(new(big.Int).SetUint64(units).Bytes(), 32)...)
}

// tokenTransfer is an unsigned payment of a token to the user.
func tokenTransfer(nonce uint64, contract string, units uint64) *types.DynamicFeeTx {
	to := common.HexToAddress(contract)
	return &types.DynamicFeeTx{ChainID: big.NewInt(swaptest.Networks.EthereumChainID), Nonce: nonce, To: &to, Value: new(big.Int),
		Gas: 65_000, GasTipCap: big.NewInt(1_000_000_000), GasFeeCap: big.NewInt(3_000_000_000), Data: calls(swaptest.EthereumAddress, units)}
}

func TestSignTokensPaysOutAndRefunds(t *testing.T) {
	t.Parallel()
	d := tokenDesk(t)
	for name, row := range map[string]struct {
		a  *ferryv1.Authority
		tx *types.DynamicFeeTx
	}{
		"payout in USDT":                 {d.tokenAuthority(t, swap.PurposePayout, asset.BTC, asset.USDT, "a"), tokenTransfer(0, usdtContract, 250_000_000)},
		"payout in USDC for ETH":         {d.tokenAuthority(t, swap.PurposePayout, asset.ETH, asset.USDC, "b"), tokenTransfer(1, usdcContract, 250_000_000)},
		"refund in USDT, less its fee":   {d.tokenAuthority(t, swap.PurposeRefund, asset.USDT, asset.BTC, "c"), tokenTransfer(2, usdtContract, 248_000_000)},
		"payout in ETH for a USDC swap":  {d.tokenAuthority(t, swap.PurposePayout, asset.USDC, asset.ETH, "d"), transfer(3, big.NewInt(100_000_000_000_000_000))},
		"payout in USDT for a USDC swap": {d.tokenAuthority(t, swap.PurposePayout, asset.USDC, asset.USDT, "e"), tokenTransfer(4, usdtContract, 250_000_000)},
	} {
		res, err := d.signEthereum(sendEther(t, row.a, row.tx))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var signed types.Transaction
		if err := signed.UnmarshalBinary(res.GetRawTx()); err != nil || !bytes.Equal(signed.Data(), row.tx.Data) || *signed.To() != *row.tx.To {
			t.Errorf("%s: signed to %s with %x, %v", name, signed.To(), signed.Data(), err)
		}
	}
}

// What is signed is exactly one transfer of the authority's asset: to its pinned
// contract, with the destination and amount in the calldata, byte for byte.
func TestSignTokensRefuses(t *testing.T) {
	t.Parallel()
	d := tokenDesk(t)
	usdt := d.tokenAuthority(t, swap.PurposePayout, asset.BTC, asset.USDT, "a")
	ether := d.tokenAuthority(t, swap.PurposePayout, asset.BTC, asset.ETH, "b")
	on := func(a *ferryv1.Authority, change func(tx *types.DynamicFeeTx)) *ferryv1.SignEthereumRequest {
		tx := tokenTransfer(0, usdtContract, 250_000_000)
		change(tx)
		return sendEther(t, a, tx)
	}
	for name, c := range map[string]struct {
		req      *ferryv1.SignEthereumRequest
		sentence string
	}{
		"another amount":       {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data[67]++ }), "too large for this payout"},
		"a smaller amount":     {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data[67]-- }), "too small for this payout"},
		"a huge amount":        {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data[36] = 0xff }), "too large for this payout"},
		"another destination":  {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data[35] ^= 1 }), "pays another address"},
		"to the contract":      {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data = calls(usdtContract, 250_000_000) }), "pays another address"},
		"a dirty address word": {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data[15] = 1 }), "more than 20 bytes"},
		"the sibling's contract": {on(usdt, func(tx *types.DynamicFeeTx) { *tx = *tokenTransfer(0, usdcContract, 250_000_000) }),
			"another contract than that of USDT"},
		"an unlisted contract": {on(usdt, func(tx *types.DynamicFeeTx) { tx.To = &common.Address{7: 7} }), "another contract than that of USDT"},
		"ether with it":        {on(usdt, func(tx *types.DynamicFeeTx) { tx.Value = big.NewInt(1) }), "sends ether with it"},
		"approve":              {on(usdt, func(tx *types.DynamicFeeTx) { copy(tx.Data, []byte{0x09, 0x5e, 0xa7, 0xb3}) }), "otherwise than by transfer"},
		"transferFrom": {on(usdt, func(tx *types.DynamicFeeTx) {
			tx.Data = append(append([]byte{0x23, 0xb8, 0x72, 0xdd}, make([]byte, 32)...), tx.Data[4:]...)
		}), "otherwise than by transfer"},
		"a byte too many":        {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data = append(tx.Data, 0) }), "otherwise than by transfer"},
		"a byte too few":         {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data = tx.Data[:67] }), "otherwise than by transfer"},
		"the selector alone":     {on(usdt, func(tx *types.DynamicFeeTx) { tx.Data = tx.Data[:4] }), "otherwise than by transfer"},
		"an access list":         {on(usdt, func(tx *types.DynamicFeeTx) { tx.AccessList = types.AccessList{{Address: *tx.To}} }), "access list"},
		"gas":                    {on(usdt, func(tx *types.DynamicFeeTx) { tx.Gas = 200_001 }), "gas limit 200001 is above"},
		"fee":                    {on(usdt, func(tx *types.DynamicFeeTx) { tx.GasFeeCap = big.NewInt(900_000_000_000) }), "is above the limit."},
		"fee rate":               {on(usdt, func(tx *types.DynamicFeeTx) { tx.Gas, tx.GasFeeCap = 30_000, big.NewInt(1_000_000_000_001) }), "transaction of this size"},
		"ether in place of it":   {sendEther(t, usdt, transfer(0, big.NewInt(250_000_000))), "no transfer of USDT"},
		"it in place of ether":   {sendEther(t, ether, tokenTransfer(0, usdtContract, 250_000_000)), "calls a contract; ETH"},
		"as many wei of a token": {sendEther(t, ether, tokenTransfer(0, usdtContract, 100_000_000_000_000_000)), "calls a contract; ETH"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signEthereum(c.req)
			wantRefusal(t, err, "unsigned_tx", c.sentence)
		})
	}
	if _, err := d.signEthereum(sendEther(t, usdt, tokenTransfer(0, usdtContract, 250_000_000))); err != nil {
		t.Fatalf("the payout itself: %v", err)
	}
}

// A token is paid only where its contract is pinned, and up to its own limit.
func TestSignTokensNeedsContractAndLimit(t *testing.T) {
	t.Parallel()
	unpinned := deskFor(t)
	a := unpinned.tokenAuthority(t, swap.PurposePayout, asset.BTC, asset.USDT, "a")
	_, err := unpinned.signEthereum(sendEther(t, a, tokenTransfer(0, usdtContract, 250_000_000)))
	wantRefusal(t, err, "unsigned_tx", "No contract is pinned for USDT")

	d := tokenDesk(t)
	limit := d.signer.caps[asset.USDT]
	limit.PerTransaction = asset.NewUnits(249_999_999)
	d.signer.caps[asset.USDT] = limit
	a = d.tokenAuthority(t, swap.PurposePayout, asset.BTC, asset.USDT, "a")
	_, err = d.signEthereum(sendEther(t, a, tokenTransfer(0, usdtContract, 250_000_000)))
	wantRefusal(t, err, "unsigned_tx", "above the limit for one transaction")
	delete(d.signer.caps, asset.USDT)
	_, err = d.signEthereum(sendEther(t, a, tokenTransfer(0, usdtContract, 250_000_000)))
	wantRefusal(t, err, "unsigned_tx", "gas limit")
}

func TestTokenCaps(t *testing.T) {
	t.Parallel()
	caps := DefaultCaps()
	limit := caps[asset.USDC]
	limit.FeeBasisPoints = 1
	caps[asset.USDC] = limit
	if err := caps.Validate(); err == nil {
		t.Error("a token's fee was limited as a share of its amount")
	}
}
