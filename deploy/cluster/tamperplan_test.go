package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/swap"
	"ferry/swap/asset"
)

// planRow is what the test needs to know of a stored plan: the rest stays as it is.
type planRow map[string]any

// plans: with signerd away, payouts stand planned. Their signed bytes, their plans
// and their orders are replaced by the thief's; put right again, both are paid.
func (i *intruder) plans(ctx context.Context, t *testing.T) {
	swaps := []swap.Terms{i.booked(ctx, t, btcToETH), i.booked(ctx, t, ethToBTC)}
	must(t, i.up.Kill("signerd"))
	genuine := map[string]string{}
	for _, terms := range swaps {
		i.paid(ctx, t, terms)
	}
	for _, terms := range swaps {
		order := swap.PayoutOrderID(terms.Receipt.SwapID)
		i.stands(ctx, t, order, "the signer does not answer")
		plan, err := i.text(ctx, `SELECT plan::text FROM hotwallet.attempt WHERE batch_id = $1 AND state = 'planned'`, order)
		must(t, err)
		genuine[order] = plan
	}
	i.bytesReplaced(ctx, t, swaps)
	for _, terms := range swaps {
		order := swap.PayoutOrderID(terms.Receipt.SwapID)
		i.change(ctx, t, 1, `UPDATE hotwallet.attempt SET plan = $2::text::jsonb WHERE batch_id = $1`, order,
			i.diverted(t, terms.Quote.Pair.To, genuine[order]))
		i.change(ctx, t, 1, `UPDATE hotwallet.payment SET destination = $2, body = jsonb_set(body, '{destination}', to_jsonb($2::text)) WHERE order_id = $1`,
			order, i.thief[terms.Quote.Pair.To])
	}
	must(t, i.up.Restart(ctx, "signerd"))
	for _, terms := range swaps {
		i.stands(ctx, t, swap.PayoutOrderID(terms.Receipt.SwapID), "the signer refused:")
	}
	for _, terms := range swaps {
		order := swap.PayoutOrderID(terms.Receipt.SwapID)
		i.change(ctx, t, 1, `UPDATE hotwallet.attempt SET plan = $2::text::jsonb WHERE batch_id = $1`, order, genuine[order])
		i.change(ctx, t, 1, `UPDATE hotwallet.payment SET destination = $2, body = jsonb_set(body, '{destination}', to_jsonb($2::text)) WHERE order_id = $1`,
			order, terms.Receipt.PayoutAddress)
	}
	for _, terms := range swaps {
		must(t, i.settled(ctx, terms))
		i.promisePayout(terms)
	}
}

// bytesReplaced writes bytes of another, validly signed payment as if they were
// these payments': they are not handed in.
func (i *intruder) bytesReplaced(ctx context.Context, t *testing.T, swaps []swap.Terms) {
	for _, terms := range swaps {
		order, on := swap.PayoutOrderID(terms.Receipt.SwapID), terms.Quote.PayoutChain()
		i.change(ctx, t, 1, `UPDATE hotwallet.attempt a SET state = 'signed', txid = $2, signed_at = now(),
			raw = (SELECT raw FROM hotwallet.attempt WHERE chain = $3 AND raw IS NOT NULL ORDER BY planned_at LIMIT 1)
			WHERE batch_id = $1`, order, "the thief's "+order, on)
		i.change(ctx, t, 1, `UPDATE hotwallet.batch SET state = 'signed', version = version + 1 WHERE batch_id = $1`, order)
		i.change(ctx, t, 1, `UPDATE hotwallet.payment SET state = 'signed', version = version + 1 WHERE order_id = $1`, order)
	}
	for _, terms := range swaps {
		i.stands(ctx, t, swap.PayoutOrderID(terms.Receipt.SwapID), "signed: the stored bytes are not the signed plan:")
	}
	for _, terms := range swaps {
		order := swap.PayoutOrderID(terms.Receipt.SwapID)
		i.change(ctx, t, 1, `UPDATE hotwallet.attempt SET state = 'planned', raw = NULL, txid = NULL, signed_at = NULL WHERE batch_id = $1`, order)
		i.change(ctx, t, 1, `UPDATE hotwallet.batch SET state = 'queued', version = version + 1 WHERE batch_id = $1`, order)
		i.change(ctx, t, 1, `UPDATE hotwallet.payment SET state = 'queued', version = version + 1 WHERE order_id = $1`, order)
	}
}

// diverted is a plan that pays the thief, and is whole otherwise.
func (i *intruder) diverted(t *testing.T, id asset.ID, plan string) string {
	t.Helper()
	var row planRow
	decoder := json.NewDecoder(bytes.NewReader([]byte(plan)))
	decoder.UseNumber()
	must(t, decoder.Decode(&row))
	var known struct {
		Unsigned    []byte `json:"unsigned"`
		ChangeIndex int    `json:"change_index"`
	}
	must(t, json.Unmarshal([]byte(plan), &known))
	if id == asset.ETH {
		row["unsigned"] = i.divertedEther(t, known.Unsigned)
	} else {
		row["unsigned"] = i.divertedBitcoin(t, known.Unsigned, known.ChangeIndex)
	}
	raw, err := json.Marshal(row)
	must(t, err)
	return string(raw)
}

func (i *intruder) divertedEther(t *testing.T, unsigned []byte) []byte {
	t.Helper()
	var tx types.Transaction
	must(t, tx.UnmarshalBinary(unsigned))
	to := common.HexToAddress(i.thief[asset.ETH])
	raw, err := types.NewTx(&types.DynamicFeeTx{ChainID: tx.ChainId(), Nonce: tx.Nonce(), GasTipCap: tx.GasTipCap(),
		GasFeeCap: tx.GasFeeCap(), Gas: tx.Gas(), To: &to, Value: tx.Value()}).MarshalBinary()
	must(t, err)
	return raw
}

func (i *intruder) divertedBitcoin(t *testing.T, unsigned []byte, change int) []byte {
	t.Helper()
	var tx wire.MsgTx
	must(t, tx.Deserialize(bytes.NewReader(unsigned)))
	for n, out := range tx.TxOut {
		if n == change {
			continue
		}
		to, err := bitcoin.Output(cluster.DemoNetworks(), i.thief[asset.BTC], asset.NewUnits(uint64(out.Value)))
		must(t, err)
		out.PkScript = to.PkScript
	}
	var raw bytes.Buffer
	must(t, tx.Serialize(&raw))
	return raw.Bytes()
}
