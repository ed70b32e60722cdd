package chain

import (
	"errors"
	"fmt"

	"ferry/swap/asset"
)

// Coin is an unspent output of ours.
type Coin struct {
	TxID  string      `json:"txid"`
	Index uint32      `json:"index"`
	Units asset.Units `json:"units"`
	// Address is ours, Path its BIP32 path.
	Address string `json:"address"`
	Path    string `json:"path"`
	// PreviousTx is the whole transaction that made the coin, in wire form. Plan
	// fills it in for the coins it picks.
	PreviousTx []byte `json:"previous_tx"`
	// Parent is set of a coin in no block yet: only change of our own may be one. A plan
	// that spends it pays for its parent too.
	Parent *Parent `json:"parent,omitempty"`
}

// Parent is the unconfirmed transaction of ours that made a coin, together with all
// its own unconfirmed ancestors.
type Parent struct {
	// Fee is what they pay in all, VSize their size in vbytes, Count how many they are.
	Fee   asset.Units `json:"fee"`
	VSize uint64      `json:"vsize"`
	Count int         `json:"count"`
}

// ID is "<txid>:<index>".
func (c Coin) ID() string { return CoinID(c.TxID, c.Index) }

// Funds is what a payment may be made from, chosen by the store.
type Funds struct {
	// Coins may be spent (UTXO chains): confirmed, mature, not reserved; or change of our
	// own with its Parent, which Plan takes only where confirmed coins do not suffice.
	// Must are the coins an earlier attempt of the same payment used, the anchor first,
	// or the one that a refund is of and nothing else may spend; Plan spends these first,
	// so that two attempts always conflict.
	Coins []Coin
	Must  []Coin
	// ChangeAddress and ChangePath receive what is left over (UTXO chains).
	ChangeAddress string
	ChangePath    string
	// Sender, SenderPath and Nonce are the account that pays (account chains): the hot
	// sender, or any deposit address of ours.
	// Balance is what it holds of the chain's own asset, TokenBalance of the
	// request's if that is a token.
	Sender       string
	SenderPath   string
	Nonce        uint64
	Balance      asset.Units
	TokenBalance asset.Units
}

// ErrFunds means the funds given do not cover the payment and its fee.
var ErrFunds = errors.New("funds do not cover the payment and its fee")

// ShortError is ErrFunds with what is short: a token's payment needs the token, and the
// chain's own asset for its fee.
type ShortError struct {
	Asset      asset.ID
	Has, Needs asset.Units
}

// Error names the asset and both amounts in its base unit.
func (e *ShortError) Error() string {
	return fmt.Sprintf("%s: balance %s, needed %s: %s", e.Asset, e.Has, e.Needs, ErrFunds)
}

// Unwrap makes it ErrFunds.
func (e *ShortError) Unwrap() error { return ErrFunds }

// ErrRefused means that a token's contract would not carry out the transfer now: it is
// paused, or bars the sender or the destination. The same request may succeed later.
var ErrRefused = errors.New("the token's contract refuses the transfer")

// ErrFeeMax means the payment can't be made now within Request.FeeMax or the configured
// cap: because of the estimate, the node's floor, or what a replacement has to offer. Fees
// move; the same request may succeed later.
var ErrFeeMax = errors.New("the transaction would cost more than its fee limit")

// ErrDescendants is ErrFeeMax where others have built on the transaction that is to be replaced:
// nodes ask for more than all of these pay together (BIP125, rule 3).
var ErrDescendants = fmt.Errorf("transactions of others depend on the one to be replaced, and pay more: %w", ErrFeeMax)

// ErrNotReplaceable means that the chain's nodes keep the first transaction they see: no
// plan can take the place of another.
var ErrNotReplaceable = errors.New("transactions of this chain can't be replaced")
