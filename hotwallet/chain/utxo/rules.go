package utxo

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Rules are in what a chain of the family differs from the others.
type Rules struct {
	// Chain is which one it is.
	Chain asset.Chain
	// Network is what its network is called, for messages.
	Network string
	// Anchors are blocks that only this network has, the first one before all: a node
	// that has others is refused. Chains that split share the blocks before.
	Anchors []chain.Ref
	// Script is the output script of an address, in any spelling that parses. Errors
	// are those of asset.Networks.ParseAddress.
	Script func(address string) ([]byte, error)
	// Address is the canonical address that a script pays, only if the script is byte
	// for byte the one that Script makes of it.
	Address func(script []byte) (string, bool)
	// DecodeBlock and DecodeTx read what the node sends, to the last byte.
	DecodeBlock func(raw []byte) (*Block, error)
	DecodeTx    func(raw []byte) (*wire.MsgTx, error)
	// Carried is the script beneath the tokens that an output carries; false if it
	// carries none. Such an output is neither credited nor spent: it is told to
	// Config.Quarantined. nil where outputs carry none.
	Carried func(script []byte) ([]byte, bool)
	// Hidden are transactions of the mempool whose id does not follow from what they
	// do with outputs, because they have none. nil where there are no such.
	Hidden func(tx *wire.MsgTx) bool
	// Input is how our coins are spent, and Sequence each input's number.
	Input    Input
	Sequence uint32
	// Sibling is the form of coins at the forms that another chain's addresses have here,
	// which a payment spends only where it has to (chain.Funds.Must); zero where none are.
	Sibling Input
	// BlockMost is the size of the largest block there can be, in bytes. What is longer
	// is not read, so it must never be too small.
	BlockMost int64
	// Dust is the least amount that nodes relay, in base units.
	Dust uint64
	// Least is the least coin that is ever spent: smaller ones may carry what the
	// script does not show. 0 where none does.
	Least uint64
	// Most is more than there will ever be, in base units.
	Most uint64
	// Halving is the number of blocks after which the subsidy halves.
	Halving int64
}

// Replaceable is an Input's Sequence that signals BIP125, and no BIP68 lock: bit 31 is set.
const Replaceable = 0xfffffffd

// Input is a form of coin and what it costs to spend one.
type Input struct {
	// Name is the form's, for messages.
	Name string
	// Holds reports whether a script is of this form.
	Holds func(script []byte) bool
	// Weight is BIP141's of one input; Overhead of what a transaction has besides if
	// it has any. Without witnesses, weight is four times the size.
	Weight, Overhead uint64
}

// The forms of our own coins.
var (
	// P2WPKH: 41 bytes (outpoint, empty script, sequence) count four times; the witness
	// once: its count, a signature of at most 72 bytes (DER with low S, and the hash
	// type) and a public key of 33, each with its length. Marker and flag are 2 bytes.
	P2WPKH = Input{Name: "P2WPKH", Holds: txscript.IsPayToWitnessPubKeyHash, Weight: 4*41 + 1 + 1 + 72 + 1 + 33, Overhead: 2}
	// P2PKH: the same, with signature and key in the script; all counts four times.
	// Among inputs with witnesses its empty one counts 1 more.
	P2PKH = Input{Name: "P2PKH", Holds: txscript.IsPayToPubKeyHash, Weight: 4 * (41 + 1 + 72 + 1 + 33)}
)

// Block is a decoded block.
type Block struct {
	Header       wire.BlockHeader
	Transactions []*wire.MsgTx
	// PegOuts is the number of the transaction whose outputs come from an extension
	// block and, like a reward, can't be spent at once; 0 if there is none.
	PegOuts int
}

// check finds what a chain forgot to say.
func (r Rules) check() error {
	switch {
	case r.Script == nil || r.Address == nil || r.DecodeBlock == nil || r.DecodeTx == nil || r.Input.Holds == nil:
		return fmt.Errorf("%s: the rules lack a function", r.Chain)
	case len(r.Anchors) == 0 || r.Anchors[0].Height != 0:
		return fmt.Errorf("%s: the rules lack the first block", r.Chain)
	case r.Dust == 0 || r.Most == 0 || r.BlockMost <= 0 || r.Halving <= 0 || r.Sequence == 0 || r.Chain.Family() != asset.UTXO:
		return errors.New("the rules of a UTXO chain are not complete")
	}
	return nil
}

// siblings reports a script of the form of Sibling.
func (r Rules) siblings(script []byte) bool { return r.Sibling.Holds != nil && r.Sibling.Holds(script) }

// change is the least change worth making: what nodes relay and what can be spent
// again.
func (r Rules) change() uint64 { return max(r.Dust, r.Least) }
