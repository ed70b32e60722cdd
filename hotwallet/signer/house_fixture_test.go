package signer

import (
	"math/big"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// Paths of deposit address 4 and of the hot sender on Ethereum.
const depositPath = "m/44'/60'/0'/0/4"

// ask is a request on either family.
type ask struct {
	coins *ferryv1.SignUTXORequest
	ether *ferryv1.SignEthereumRequest
}

func (d *desk) sign(a ask) (*ferryv1.SignResponse, error) {
	if a.coins != nil {
		return d.signBitcoin(a.coins)
	}
	return d.signEthereum(a.ether)
}

// authority is the request's own, which a test may change.
func (a ask) authority() *ferryv1.Authority {
	if a.coins != nil {
		return a.coins.GetAuthorities()[0]
	}
	return a.ether.GetAuthority()
}

// under is the same request by another authority.
func (a ask) under(other *ferryv1.Authority) ask {
	if a.coins != nil {
		req := clone(a.coins)
		req.Authorities = []*ferryv1.Authority{clone(other)}
		return ask{coins: req}
	}
	req := clone(a.ether)
	req.Authority = clone(other)
	return ask{ether: req}
}

func house(purpose swap.Purpose) *ferryv1.Authority {
	return &ferryv1.Authority{Purpose: string(purpose), FencingToken: 7}
}

func sweepOf(id asset.ID) *ferryv1.Authority {
	a := house(swap.PurposeSweep)
	a.Asset = string(id)
	return a
}

// consolidate builds a sweep of named coins to one change address, less a fee.
func (d *desk) consolidate(t swaptest.Reporter, on asset.Chain, fee int64, names ...string) *ferryv1.SignUTXORequest {
	t.Helper()
	req := d.spendOn(t, on, sweepOf(on.NativeID()), payoutSat, fee, names...)
	back := d.keyOn(t, on, keys.Hot, keys.Change, 5)
	alter(t, req, func(tx *wire.MsgTx) {
		tx.TxOut = []*wire.TxOut{wire.NewTxOut(coinSat*int64(len(names))-fee, back.Script)}
	})
	req.Change = []*ferryv1.UTXOChange{{OutputIndex: 0, Path: back.Path}}
	return req
}

// sends is an unsigned transfer of ether.
func sends(to string, nonce uint64, wei *big.Int) *types.DynamicFeeTx {
	tx := transfer(nonce, wei)
	at := common.HexToAddress(to)
	tx.To = &at
	return tx
}

func (d *desk) ethereumAt(t swaptest.Reporter, role keys.Role, index uint32) string {
	t.Helper()
	return d.keyOn(t, asset.Ethereum, role, keys.External, index).Address
}

// houseEther builds a good request of a purpose on Ethereum at a nonce.
func (d *desk) houseEther(t swaptest.Reporter, purpose swap.Purpose, nonce uint64) *ferryv1.SignEthereumRequest {
	t.Helper()
	hot := d.ethereumAt(t, keys.Hot, 0)
	var req *ferryv1.SignEthereumRequest
	switch purpose {
	case swap.PurposeSweep:
		req = sendEther(t, sweepOf(asset.ETH), sends(hot, nonce, payoutWei()))
		req.Path = depositPath
	case swap.PurposeGasTopUp:
		req = sendEther(t, house(purpose), sends(d.ethereumAt(t, keys.Deposit, 4), nonce, big.NewInt(200_000_000_000_000)))
		req.Authority.DepositPath = depositPath
	case swap.PurposeGapFill:
		req = sendEther(t, house(purpose), sends(hot, nonce, new(big.Int)))
	default:
		t.Fatalf("%s is no purpose of the house", purpose)
	}
	return req
}

// tokenSweep builds a sweep of USDT.
func (d *desk) tokenSweep(t swaptest.Reporter, nonce, units uint64) *ferryv1.SignEthereumRequest {
	t.Helper()
	tx := tokenTransfer(nonce, usdtContract, units)
	tx.Data = calls(d.ethereumAt(t, keys.Hot, 0), units)
	req := sendEther(t, sweepOf(asset.USDT), tx)
	req.Path = depositPath
	return req
}

// everyPurpose has a good request of each purpose on a chain, all of which want the same
// coin or nonce: but for sweeps on Ethereum, which have another sender.
func (d *desk) everyPurpose(t swaptest.Reporter, on asset.Chain) map[swap.Purpose]ask {
	t.Helper()
	if on == asset.Ethereum {
		refund := d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, "refunded")
		refund.Deposits[0].Units = "200000000000000000"
		return map[swap.Purpose]ask{
			swap.PurposePayout:   {ether: sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "paid"), transfer(0, payoutWei()))},
			swap.PurposeRefund:   {ether: sendEther(t, refund, transfer(0, big.NewInt(200_000_000_000_000_000)))},
			swap.PurposeSweep:    {ether: d.houseEther(t, swap.PurposeSweep, 0)},
			swap.PurposeGasTopUp: {ether: d.houseEther(t, swap.PurposeGasTopUp, 0)},
			swap.PurposeGapFill:  {ether: d.houseEther(t, swap.PurposeGapFill, 0)},
		}
	}
	refund := d.authority(t, swap.PurposeRefund, on.NativeID(), asset.ETH, "refunded")
	refund.Deposits[0].Units = "1400000"
	return map[swap.Purpose]ask{
		swap.PurposePayout: {coins: d.spendOn(t, on, d.authority(t, swap.PurposePayout, asset.ETH, on.NativeID(), "paid"), payoutSat, feeSat, "x")},
		swap.PurposeRefund: {coins: d.spendOn(t, on, refund, 1_400_000, feeSat, "x")},
		swap.PurposeSweep:  {coins: d.consolidate(t, on, feeSat, "x")},
	}
}

// editEther is a request with its transaction changed.
func editEther(t swaptest.Reporter, req *ferryv1.SignEthereumRequest, change func(tx *types.DynamicFeeTx)) *ferryv1.SignEthereumRequest {
	t.Helper()
	var tx types.Transaction
	if err := tx.UnmarshalBinary(req.GetUnsignedTx()); err != nil {
		t.Fatalf("own transaction: %v", err)
	}
	inner := &types.DynamicFeeTx{ChainID: tx.ChainId(), Nonce: tx.Nonce(), GasTipCap: tx.GasTipCap(), GasFeeCap: tx.GasFeeCap(),
		Gas: tx.Gas(), To: tx.To(), Value: tx.Value(), Data: tx.Data()}
	change(inner)
	again := sendEther(t, req.GetAuthority(), inner)
	again.Path = req.GetPath()
	return again
}
