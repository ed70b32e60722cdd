package ethereum

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// content is a block with what was checked against its header, and its trace.
type content struct {
	header      *types.Header
	txs         types.Transactions
	receipts    types.Receipts
	withdrawals types.Withdrawals
	// trace has the changes of each transaction; nil if the node did not show them.
	trace []changes
}

// matched is what concerns us in a block.
type matched struct {
	chain.Block
	// doubtful are the addresses for which the trace says more than the header's
	// transactions: what it says is compared with their balances.
	doubtful map[string]bool
}

// match finds what concerns us in a block.
func match(c content, signer types.Signer, w chain.Watch) (matched, error) {
	h := c.header
	m := matched{doubtful: map[string]bool{},
		Block: chain.Block{Ref: refOf(h), Parent: h.ParentHash.Hex(), Time: time.Unix(int64(h.Time), 0).UTC()}}
	var gasBefore uint64
	reward, rewarded := new(big.Int), w.Address(h.Coinbase.Hex())
	for i, tx := range c.txs {
		r := c.receipts[i]
		if r.CumulativeGasUsed < gasBefore {
			return m, fmt.Errorf("receipt %d: the gas used decreases", i)
		}
		t := transaction{tx: tx, gas: r.CumulativeGasUsed - gasBefore, failed: r.Status != types.ReceiptStatusSuccessful,
			known: changes{}, baseFee: h.BaseFee}
		gasBefore = r.CumulativeGasUsed
		if rewarded {
			tip := t.tip()
			t.expect(h.Coinbase, tip)
			reward.Add(reward, tip)
		}
		if err := m.transfer(&t, signer, w); err != nil {
			return m, fmt.Errorf("transaction %d: %w", i, err)
		}
		if c.trace == nil {
			continue
		}
		if err := m.inside(t, c.trace[i]); err != nil {
			return m, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return m, m.beside(c, reward, w)
}

// transaction is one of a block's while it is matched.
type transaction struct {
	tx      *types.Transaction
	gas     uint64
	failed  bool
	baseFee *big.Int
	// known is how the balances of watched addresses change as the header's data say.
	known changes
}

func (t *transaction) expect(a common.Address, by *big.Int) {
	if t.known[a] == nil {
		t.known[a] = new(big.Int)
	}
	t.known[a].Add(t.known[a], by)
}

// price is EIP-1559's per gas: the tip on top of the base fee, as far as the fee cap
// allows. Blob fees are not in it: we send no blobs.
func (t *transaction) price() *big.Int {
	price := t.tx.GasFeeCap()
	if t.baseFee != nil {
		if offered := new(big.Int).Add(t.baseFee, t.tx.GasTipCap()); offered.Cmp(price) < 0 {
			price = offered
		}
	}
	return price
}

// tip is what of the fee goes to the block's coinbase; the base fee goes to nobody.
func (t *transaction) tip() *big.Int {
	tip := new(big.Int).Set(t.price())
	if t.baseFee != nil {
		tip.Sub(tip, t.baseFee)
	}
	return tip.Mul(tip, new(big.Int).SetUint64(t.gas))
}

// transfer is what the transaction itself says: who sends it, what it costs, and the
// value for its destination.
func (m *matched) transfer(t *transaction, signer types.Signer, w chain.Watch) error {
	value, err := asset.UnitsFromBig(t.tx.Value())
	if err != nil {
		return err
	}
	sender, err := types.Sender(signer, t.tx)
	if err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if from := sender.Hex(); w.Address(from) {
		fee, err := asset.UnitsFromBig(new(big.Int).Mul(t.price(), new(big.Int).SetUint64(t.gas)))
		if err != nil {
			return fmt.Errorf("fee: %w", err)
		}
		d := chain.Debit{TxID: t.tx.Hash().Hex(), Address: from, Asset: asset.ETH, Nonce: t.tx.Nonce(), Units: value, Fee: fee, Failed: t.failed}
		if t.failed {
			d.Units = asset.Units{}
		}
		m.Debits = append(m.Debits, d)
		t.expect(sender, new(big.Int).Neg(fee.Big()))
		t.expect(sender, new(big.Int).Neg(d.Units.Big()))
	}
	if t.failed || t.tx.To() == nil || value.IsZero() {
		return nil
	}
	if to := t.tx.To().Hex(); w.Address(to) {
		m.Credits = append(m.Credits, chain.Credit{TxID: t.tx.Hash().Hex(), Address: to, Asset: asset.ETH, Units: value})
		t.expect(*t.tx.To(), value.Big())
	}
	return nil
}

var errFailedPays = errors.New("the trace has a failed transaction pay us")

// inside is what the execution did to our balances beyond what the transaction itself
// says: one credit for each address that has more, however many frames paid it, and
// a debit for each that has less, which no key of ours has signed.
func (m *matched) inside(t transaction, trace changes) error {
	touched := maps.Clone(t.known)
	maps.Copy(touched, trace)
	txid := t.tx.Hash().Hex()
	for _, address := range slices.SortedFunc(maps.Keys(touched), common.Address.Cmp) {
		rest := new(big.Int)
		if is := trace[address]; is != nil {
			rest.Set(is)
		}
		if known := t.known[address]; known != nil {
			rest.Sub(rest, known)
		}
		units, err := asset.UnitsFromBig(new(big.Int).Abs(rest))
		if err != nil {
			return err
		}
		switch rest.Sign() {
		case 0:
			continue
		case 1:
			if t.failed {
				return fmt.Errorf("%w: %s", errFailedPays, txid)
			}
			m.Credits = append(m.Credits, chain.Credit{TxID: txid, Address: address.Hex(), Asset: asset.ETH, Units: units, Source: chain.Internal})
		case -1:
			m.Debits = append(m.Debits, chain.Debit{TxID: txid, Address: address.Hex(), Asset: asset.ETH, Units: units})
		}
		m.doubtful[address.Hex()] = true
	}
	return nil
}

// weiPerGwei: withdrawals are in gwei (EIP-4895).
var weiPerGwei = big.NewInt(gwei)

// beside is what came with the block and by no transaction: withdrawals, one credit
// for each address, and the fees to the coinbase.
func (m *matched) beside(c content, reward *big.Int, w chain.Watch) error {
	sums := map[common.Address]*big.Int{}
	for _, withdrawal := range c.withdrawals {
		if w.Address(withdrawal.Address.Hex()) {
			if sums[withdrawal.Address] == nil {
				sums[withdrawal.Address] = new(big.Int)
			}
			wei := new(big.Int).Mul(new(big.Int).SetUint64(withdrawal.Amount), weiPerGwei)
			sums[withdrawal.Address].Add(sums[withdrawal.Address], wei)
		}
	}
	add := func(address common.Address, wei *big.Int, from chain.Source) error {
		units, err := asset.UnitsFromBig(wei)
		if err == nil && !units.IsZero() {
			m.Credits = append(m.Credits, chain.Credit{TxID: m.Hash, Address: address.Hex(), Asset: asset.ETH, Units: units, Source: from})
		}
		return err
	}
	for _, address := range slices.SortedFunc(maps.Keys(sums), common.Address.Cmp) {
		if err := add(address, sums[address], chain.Withdrawal); err != nil {
			return fmt.Errorf("withdrawals: %w", err)
		}
	}
	if err := add(c.header.Coinbase, reward, chain.Reward); err != nil {
		return fmt.Errorf("reward: %w", err)
	}
	return nil
}
