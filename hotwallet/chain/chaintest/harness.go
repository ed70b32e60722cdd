package chaintest

import (
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Harness is a chain that a test can drive. Its methods fail the test if the
// chain does not do as told.
type Harness interface {
	// Adapter is what is tested.
	Adapter() chain.Adapter
	// NewAddress makes an address of ours, whose key the harness holds.
	NewAddress(t testing.TB) Account
	// Stranger makes an address of someone else.
	Stranger(t testing.TB) string
	// Pay has a stranger pay an address, into the mempool. It returns the txid.
	Pay(t testing.TB, address string, units asset.Units) string
	// Mine makes n blocks, the mempool in the first, and returns the new tip.
	Mine(t testing.TB, n int) chain.Ref
	// Reorg takes the last n blocks back. What was in them may return to the
	// mempool or be lost; blocks mined afterwards are others.
	Reorg(t testing.TB, n int)
	// Sign signs a plan with the keys of NewAddress.
	Sign(t testing.TB, p chain.Plan) (raw []byte, txid string)
	// Received is what an address has been paid in blocks, asked of the chain and
	// not of the adapter.
	Received(t testing.TB, address string) asset.Units
}

// Account is an address of ours.
type Account struct {
	Address string
	Path    string
}

// UTXO is what the harness of a UTXO chain can do besides.
type UTXO interface {
	// PayTwice has a stranger pay an address with two outputs of one transaction.
	PayTwice(t testing.TB, address string, first, second asset.Units) string
	// PayShared has a stranger pay an output that the address's key can spend but
	// another key too: 1 of 2 bare multisig. It returns the other addresses that
	// the key has. Harnesses without scripts skip the test.
	PayShared(t testing.TB, a Account, units asset.Units) (aliases []string)
	// MineTo makes a block whose reward goes to the address returned.
	MineTo(t testing.TB) string
}

// Accounts is what the harness of an account chain can do besides.
type Accounts interface {
	// SendFailing has our account send a transaction with value that is mined but
	// fails, and returns its id and the address it was sent to.
	SendFailing(t testing.TB, from Account, nonce uint64, units asset.Units) (txid, to string)
	// Token is the address of a token's contract.
	Token(t testing.TB) string
	// PayInside has a stranger's contract pay several addresses, at least two, in one
	// transaction that is none to them. It returns the txid.
	PayInside(t testing.TB, payments ...Payment) string
	// Wallet is the address of a contract that takes payments and spends more gas
	// on it than a plain address.
	Wallet(t testing.TB) string
}

// Tokens is what the harness of a chain with tokens can do besides. It has every token
// that is registered for the chain.
type Tokens interface {
	// PayToken has a stranger pay an address, into the mempool. It returns the txid.
	PayToken(t testing.TB, token asset.ID, address string, units asset.Units) string
	// ReceivedToken is what an address has been paid in blocks, asked of the chain.
	ReceivedToken(t testing.TB, token asset.ID, address string) asset.Units
	// Refuse has the token refuse every transfer, as one that is paused does, or no
	// longer.
	Refuse(t testing.TB, token asset.ID, refuse bool)
}

// Payment is value for an address.
type Payment struct {
	Address string
	Units   asset.Units
}

// watch is ours, as a test sees it.
type watch struct {
	addresses map[string]bool
	coins     map[string]bool
}

func (w watch) Address(a string) bool { return w.addresses[a] }
func (w watch) Coin(id string) bool   { return w.coins[id] }

func watching(addresses ...string) watch {
	w := watch{map[string]bool{}, map[string]bool{}}
	for _, a := range addresses {
		w.addresses[a] = true
	}
	return w
}
