package signer

import (
	"math/big"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap"
	"ferry/swap/asset"
)

// Paxos, 2023-09-10: 0.07 BTC were moved for a fee of 19.8 BTC, because all that was left
// went to the miner. A transaction of that shape is refused for every purpose, whichever of
// the caps is the one that is left.
func TestPaxos2023(t *testing.T) {
	t.Parallel()
	const paid, fee = 7_404_000, 1_982_000_000
	for purpose := range (&desk{}).purposes(asset.Bitcoin) {
		for left, keep := range map[string]func(c *Cap){
			"absolute": func(c *Cap) { c.FeeRate, c.FeeBasisPoints = everything, basisPoints },
			"by rate":  func(c *Cap) { c.Fee, c.FeeBasisPoints = everything, basisPoints },
			"by share": func(c *Cap) { c.Fee, c.FeeRate = everything, asset.NewUnits(1_0000_0000_0000) },
		} {
			t.Run(string(purpose)+" "+left, func(t *testing.T) {
				t.Parallel()
				d := deskFor(t)
				limit := d.signer.caps[asset.BTC]
				keep(&limit)
				d.signer.caps[asset.BTC] = limit
				good := d.everyPurpose(t, asset.Bitcoin)[purpose].coins
				if purpose != swap.PurposeSweep {
					alter(t, good, func(tx *wire.MsgTx) { tx.TxOut, good.Change = tx.TxOut[:1], nil })
				}
				// The coins are of 20 BTC in all.
				previous := coin("paxos", d.key(t, 1, 0, 3), paid+fee)
				good.Inputs[0].PreviousTx = wireBytes(t, previous)
				alter(t, good, func(tx *wire.MsgTx) {
					tx.TxIn[0].PreviousOutPoint.Hash = previous.TxHash()
					if purpose == swap.PurposeSweep {
						tx.TxOut[0].Value = paid
					}
				})
				_, err := d.signBitcoin(good)
				wantRefusal(t, err, "unsigned_tx", "fee")
				if n := d.signedCount(t); n != 0 {
					t.Errorf("%d signatures are recorded, want none", n)
				}
			})
		}
	}
}

// DeversiFi, 2021-09-27: a deposit of 100,000 USDT was sent for 7,676 ETH of gas, 23.7
// million dollars, because the fee per gas was far too large. A transaction of that shape is refused
// for every purpose, by the absolute cap and by the one on the rate.
func TestDeversiFi2021(t *testing.T) {
	t.Parallel()
	absurd, ok := new(big.Int).SetString("36000000000000000", 10) // wei per gas
	if !ok {
		t.Fatal("the number does not parse")
	}
	for _, purpose := range []swap.Purpose{swap.PurposePayout, swap.PurposeRefund, swap.PurposeSweep, swap.PurposeGasTopUp, swap.PurposeGapFill, "token sweep", "token payout"} {
		for left, keep := range map[string]func(c *Cap){
			"absolute": func(c *Cap) { c.FeeRate = asset.MustUnits("1000000000000000000000") },
			"by rate":  func(c *Cap) { c.Fee = everything },
		} {
			t.Run(string(purpose)+" "+left, func(t *testing.T) {
				t.Parallel()
				d := tokenDesk(t)
				for id, limit := range d.signer.caps {
					keep(&limit)
					limit.Gas = 300_000
					if limit.FeeBasisPoints > 0 {
						limit.FeeBasisPoints = basisPoints
					}
					d.signer.caps[id] = limit
				}
				all := d.everyPurpose(t, asset.Ethereum)
				all["token sweep"] = ask{ether: d.tokenSweep(t, 0, 100_000_000_000)}
				all["token payout"] = ask{ether: sendEther(t, d.tokenAuthority(t, swap.PurposePayout, asset.BTC, asset.USDT, "t"), tokenTransfer(0, usdtContract, 250_000_000))}
				req := all[purpose].ether
				_, err := d.signEthereum(editEther(t, req, func(tx *types.DynamicFeeTx) { tx.GasFeeCap, tx.Gas = absurd, 213_000 }))
				wantRefusal(t, err, "unsigned_tx", "fee")
				if _, err := d.signEthereum(req); err != nil {
					t.Errorf("at a usual fee: %v", err)
				}
			})
		}
	}
}
