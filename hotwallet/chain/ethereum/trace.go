package ethereum

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
)

// changes is by how much a transaction changed the balances of watched addresses,
// its value and fees included. Addresses whose balance is what it was are missing.
type changes map[common.Address]*big.Int

// txTrace is what prestateTracer says of one transaction in diffMode.
type txTrace struct {
	TxHash *common.Hash `json:"txHash"`
	Result *struct {
		Pre  accounts `json:"pre"`
		Post accounts `json:"post"`
	} `json:"result"`
	Error string `json:"error"`
}

// accounts are balances by address. One that is nil is not told: in Post it is what
// it was before.
type accounts map[common.Address]*big.Int

var errRepeated = errors.New("an address is named twice")

// UnmarshalJSON takes each address once, in whatever case, and nothing that is no
// address or no balance of 256 bits.
func (a *accounts) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return errors.New("the accounts are no object")
	}
	*a = accounts{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		address, err := parseAddress(name)
		if err != nil {
			return err
		}
		if _, again := (*a)[address]; again {
			return fmt.Errorf("%w: %s", errRepeated, address)
		}
		var account struct {
			Balance *hexutil.Big `json:"balance"`
		}
		if err := d.Decode(&account); err != nil {
			return fmt.Errorf("account %s: %w", address, err)
		}
		(*a)[address] = account.Balance.ToInt()
	}
	return nil
}

// parseAddress takes "0x" and 40 digits only.
func parseAddress(name json.Token) (address common.Address, err error) {
	text, _ := name.(string)
	digits, prefixed := strings.CutPrefix(text, "0x")
	if !prefixed || len(digits) != 2*common.AddressLength {
		return address, fmt.Errorf("%.50q is no address", text)
	}
	_, err = hex.Decode(address[:], []byte(digits))
	return address, err
}

// readTrace decodes a block's trace, which has to have exactly the block's
// transactions, in their order.
func readTrace(reply []byte, txs types.Transactions, w chain.Watch) ([]changes, error) {
	var traces []txTrace
	if err := json.Unmarshal(reply, &traces); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	if len(traces) != len(txs) {
		return nil, fmt.Errorf("%d traces for %d transactions", len(traces), len(txs))
	}
	all := make([]changes, len(traces))
	for i, t := range traces {
		switch {
		case t.TxHash == nil || *t.TxHash != txs[i].Hash():
			return nil, fmt.Errorf("trace %d is not of transaction %s", i, txs[i].Hash())
		case t.Error != "":
			return nil, fmt.Errorf("trace of %s: %.200q", txs[i].Hash(), t.Error)
		case t.Result == nil || t.Result.Pre == nil || t.Result.Post == nil:
			return nil, fmt.Errorf("trace of %s has no balances before or after", txs[i].Hash())
		}
		all[i] = diff(t.Result.Pre, t.Result.Post, w)
	}
	return all, nil
}

// diff compares. Who is missing before had nothing; who is missing after is no more,
// which a plain account can't become: whatever it had is gone then, and match
// reports that.
func diff(before, after accounts, w chain.Watch) changes {
	found := changes{}
	add := func(address common.Address, was, is *big.Int) {
		if is.Cmp(was) != 0 && w.Address(address.Hex()) {
			found[address] = new(big.Int).Sub(is, was)
		}
	}
	for address, was := range before {
		if was == nil {
			was = new(big.Int)
		}
		is, there := after[address]
		if !there {
			is = new(big.Int)
		} else if is == nil {
			continue
		}
		add(address, was, is)
	}
	for address, is := range after {
		if _, there := before[address]; !there && is != nil {
			add(address, new(big.Int), is)
		}
	}
	return found
}
