package signer

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Each transaction of the house is signed by the sender it says, and replaced at the same
// nonce; a native sweep then with another amount, anything else with the same.
func TestSignHouseTransactions(t *testing.T) {
	t.Parallel()
	d := tokenDesk(t)
	sweep := d.houseEther(t, swap.PurposeSweep, 3)
	for name, row := range map[string]struct {
		req    *ferryv1.SignEthereumRequest
		sender string
	}{
		"sweep":       {sweep, d.ethereumAt(t, keys.Deposit, 4)},
		"token sweep": {d.tokenSweep(t, 4, 5_000_000), d.ethereumAt(t, keys.Deposit, 4)},
		"gas top-up":  {d.houseEther(t, swap.PurposeGasTopUp, 3), d.ethereumAt(t, keys.Hot, 0)},
		"gap-fill":    {d.houseEther(t, swap.PurposeGapFill, 4), d.ethereumAt(t, keys.Hot, 0)},
	} {
		res, err := d.signEthereum(row.req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var signed types.Transaction
		if err := signed.UnmarshalBinary(res.GetRawTx()); err != nil {
			t.Fatal(err)
		}
		if from, err := types.Sender(types.NewLondonSigner(big.NewInt(1337)), &signed); err != nil || from.Hex() != row.sender {
			t.Errorf("%s: the sender is %s (%v), want %s", name, from, err, row.sender)
		}
		dearer := editEther(t, row.req, func(tx *types.DynamicFeeTx) { tx.GasFeeCap = big.NewInt(6_000_000_000) })
		if _, err := d.signEthereum(dearer); err != nil {
			t.Errorf("%s replaced: %v", name, err)
		}
	}
	less := editEther(t, sweep, func(tx *types.DynamicFeeTx) { tx.Value = new(big.Int).Sub(tx.Value, big.NewInt(9)) })
	if _, err := d.signEthereum(less); err != nil {
		t.Errorf("a native sweep of what another fee leaves: %v", err)
	}
	_, err := d.signEthereum(d.tokenSweep(t, 4, 4_000_000))
	wantRefusal(t, err, "authority", "other terms")
	topUp := editEther(t, d.houseEther(t, swap.PurposeGasTopUp, 3), func(tx *types.DynamicFeeTx) { tx.Value = big.NewInt(5) })
	_, err = d.signEthereum(topUp)
	wantRefusal(t, err, "authority", "other terms")
}

func TestSignHouseTransactionsRefuses(t *testing.T) {
	t.Parallel()
	d := tokenDesk(t)
	stranger := common.HexToAddress("0x00000000000000000000000000000000000000aa")
	to := func(a common.Address) func(tx *types.DynamicFeeTx) {
		return func(tx *types.DynamicFeeTx) { tx.To = &a }
	}
	path := func(purpose swap.Purpose, path string) *ferryv1.SignEthereumRequest {
		req := d.houseEther(t, purpose, 0)
		req.Path = path
		return req
	}
	of := func(purpose swap.Purpose, change func(tx *types.DynamicFeeTx)) *ferryv1.SignEthereumRequest {
		return editEther(t, d.houseEther(t, purpose, 0), change)
	}
	by := func(purpose swap.Purpose, change func(a *ferryv1.Authority)) *ferryv1.SignEthereumRequest {
		req := d.houseEther(t, purpose, 0)
		change(req.GetAuthority())
		return req
	}
	token := func(change func(tx *types.DynamicFeeTx)) *ferryv1.SignEthereumRequest {
		return editEther(t, d.tokenSweep(t, 0, 5), change)
	}
	hot := common.HexToAddress(d.ethereumAt(t, keys.Hot, 0))
	for name, row := range map[string]struct {
		req             *ferryv1.SignEthereumRequest
		field, sentence string
	}{
		"a sweep to a stranger":          {of(swap.PurposeSweep, to(stranger)), "unsigned_tx", "another address"},
		"a sweep to a deposit address":   {of(swap.PurposeSweep, to(common.HexToAddress(d.ethereumAt(t, keys.Deposit, 4)))), "unsigned_tx", "another address"},
		"a sweep of nothing":             {of(swap.PurposeSweep, func(tx *types.DynamicFeeTx) { tx.Value = new(big.Int) }), "unsigned_tx", "too small"},
		"a sweep from the hot sender":    {path(swap.PurposeSweep, senderPath), "path", "sender of a sweep"},
		"a sweep from deposit change":    {path(swap.PurposeSweep, "m/44'/60'/0'/1/4"), "path", "sender of a sweep"},
		"a sweep of bitcoin":             {by(swap.PurposeSweep, func(a *ferryv1.Authority) { a.Asset = "BTC" }), "authority.asset", "none that a sweep can move"},
		"a sweep of no asset":            {by(swap.PurposeSweep, func(a *ferryv1.Authority) { a.Asset = "" }), "authority.asset", "none that a sweep can move"},
		"a sweep of ether as a token":    {by(swap.PurposeSweep, func(a *ferryv1.Authority) { a.Asset = "USDT" }), "unsigned_tx", "no transfer of USDT"},
		"a token's sweep to a stranger":  {token(func(tx *types.DynamicFeeTx) { tx.Data = calls(stranger.Hex(), 5) }), "unsigned_tx", "another address"},
		"another token's contract":       {token(to(common.HexToAddress(usdcContract))), "unsigned_tx", "another contract"},
		"a top-up to a stranger":         {of(swap.PurposeGasTopUp, to(stranger)), "unsigned_tx", "another address"},
		"a top-up of too much":           {of(swap.PurposeGasTopUp, func(tx *types.DynamicFeeTx) { tx.Value = big.NewInt(10_000_000_000_000_001) }), "unsigned_tx", "too large"},
		"a top-up of nothing":            {of(swap.PurposeGasTopUp, func(tx *types.DynamicFeeTx) { tx.Value = new(big.Int) }), "unsigned_tx", "too small"},
		"a top-up of the hot sender":     {by(swap.PurposeGasTopUp, func(a *ferryv1.Authority) { a.DepositPath = senderPath }), "authority.deposit_path", "not that of a deposit address"},
		"a top-up of nobody":             {by(swap.PurposeGasTopUp, func(a *ferryv1.Authority) { a.DepositPath = "" }), "authority.deposit_path", "not that of a deposit address"},
		"a top-up from a deposit":        {path(swap.PurposeGasTopUp, depositPath), "path", "sender of a gas_topup"},
		"a top-up with calldata":         {of(swap.PurposeGasTopUp, func(tx *types.DynamicFeeTx) { tx.Data = []byte{1} }), "unsigned_tx", "calls a contract"},
		"a gap-fill with a value":        {of(swap.PurposeGapFill, func(tx *types.DynamicFeeTx) { tx.Value = big.NewInt(1) }), "unsigned_tx", "too large"},
		"a gap-fill to a stranger":       {of(swap.PurposeGapFill, to(stranger)), "unsigned_tx", "another address"},
		"a gap-fill with calldata":       {of(swap.PurposeGapFill, func(tx *types.DynamicFeeTx) { tx.Data = calls(hot.Hex(), 0) }), "unsigned_tx", "calls a contract"},
		"a gap-fill of a deposit":        {path(swap.PurposeGapFill, depositPath), "path", "sender of a gap_fill"},
		"a gap-fill with too much gas":   {of(swap.PurposeGapFill, func(tx *types.DynamicFeeTx) { tx.Gas = 100_001 }), "unsigned_tx", "gas limit"},
		"a sweep whose fee is half":      {of(swap.PurposeSweep, func(tx *types.DynamicFeeTx) { tx.Value = big.NewInt(126_000_000_000_000) }), "unsigned_tx", "share of the amount"},
		"a top-up without a limit of it": {nil, "authority.purpose", "no limit for gas top-ups"},
	} {
		if row.req == nil {
			capped := tokenDesk(t)
			limit := capped.signer.caps[asset.ETH]
			limit.GasTopUp = asset.Units{}
			capped.signer.caps[asset.ETH] = limit
			_, err := capped.signEthereum(capped.houseEther(t, swap.PurposeGasTopUp, 0))
			wantRefusal(t, err, row.field, row.sentence)
			continue
		}
		_, err := d.signEthereum(row.req)
		if err == nil {
			t.Errorf("%s was signed", name)
			continue
		}
		wantRefusal(t, err, row.field, row.sentence)
	}
	if n := d.signedCount(t); n != 0 {
		t.Errorf("%d signatures are recorded, want none", n)
	}
}

// On chains of coins a sweep pays change addresses of ours and nobody else, and no purpose
// that needs accounts exists.
func TestSweepOfCoins(t *testing.T) {
	t.Parallel()
	for _, on := range []asset.Chain{asset.Bitcoin, asset.Litecoin, asset.BitcoinCash} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			user := d.spendOn(t, on, sweepOf(on.NativeID()), payoutSat, feeSat, "x")
			undeclared := d.consolidate(t, on, feeSat, "x")
			undeclared.Change = nil
			external := d.consolidate(t, on, feeSat, "x")
			external.Change[0].Path = d.keyOn(t, on, keys.Hot, keys.External, 5).Path
			token := d.consolidate(t, on, feeSat, "x")
			token.Authorities[0].Asset = "USDT"
			half := d.consolidate(t, on, feeSat, "x")
			alter(t, half, func(tx *wire.MsgTx) {
				tx.TxOut[0].Value = 30_000
				tx.AddTxOut(wire.NewTxOut(coinSat-60_000, tx.TxOut[0].PkScript))
			})
			half.Change = append(half.Change, &ferryv1.UTXOChange{OutputIndex: 1, Path: half.Change[0].Path})
			for name, row := range map[string]struct {
				req             *ferryv1.SignUTXORequest
				field, sentence string
			}{
				"to a user":      {user, "unsigned_tx", "Output 0 of a sweep"},
				"undeclared":     {undeclared, "unsigned_tx", "Output 0 of a sweep"},
				"no change path": {external, "change.0.path", "not one of our change"},
				"another asset":  {token, "authority.asset", "none that a sweep can move"},
				"a gas top-up":   {ask{coins: undeclared}.under(house(swap.PurposeGasTopUp)).coins, "authority.purpose", "chains of accounts"},
				"a gap-fill":     {ask{coins: undeclared}.under(house(swap.PurposeGapFill)).coins, "authority.purpose", "chains of accounts"},
				"two in one":     {twice(d.consolidate(t, on, feeSat, "x")), "authorities.0.purpose", "not in a batch"},
			} {
				_, err := d.signBitcoin(row.req)
				if err == nil {
					t.Errorf("%s: signed", name)
					continue
				}
				wantRefusal(t, err, row.field, row.sentence)
			}
			if _, err := d.signBitcoin(half); err != nil {
				t.Errorf("into two change outputs: %v", err)
			}
			res, err := d.signBitcoin(d.consolidate(t, on, feeSat, "p", "q"))
			if err != nil {
				t.Fatal(err)
			}
			var tx wire.MsgTx
			if err := tx.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil || len(tx.TxIn) != 2 || len(tx.TxOut) != 1 {
				t.Errorf("%d inputs, %d outputs (%v)", len(tx.TxIn), len(tx.TxOut), err)
			}
			_, err = d.signBitcoin(d.consolidate(t, on, feeSat, "r", "q"))
			wantRefusal(t, err, "unsigned_tx", "signed for another payment")
			if _, err := d.signBitcoin(d.consolidate(t, on, 2*feeSat, "p", "q")); err != nil {
				t.Errorf("replaced at a higher fee: %v", err)
			}
		})
	}
}

func twice(req *ferryv1.SignUTXORequest) *ferryv1.SignUTXORequest {
	req.Authorities = append(req.Authorities, clone(req.Authorities[0]))
	return req
}
