package ethereum

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap/asset"
)

// pinned are the contracts whose logs count, and the tokens that they are. Whatever
// else says that it is a token is nothing to us.
type pinned map[common.Address]asset.ID

// pinnedBy reads the contracts that a deployment has pinned.
func pinnedBy(n asset.Networks) pinned {
	p := pinned{}
	for _, one := range asset.All() {
		if at, there := n.Contract(one.ID); there && one.Chain == asset.Ethereum {
			p[common.HexToAddress(at)] = one.ID
		}
	}
	return p
}

// contract is where a token is; false if it is not pinned.
func (p pinned) contract(id asset.ID) (common.Address, bool) {
	for at, token := range p {
		if token == id {
			return at, true
		}
	}
	return common.Address{}, false
}

// transferTopic is Keccak-256("Transfer(address,address,uint256)").
var transferTopic = common.HexToHash("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")

// tokenTransfer is what a log or a call says that a token moves, above zero.
type tokenTransfer struct {
	from, to common.Address
	value    *big.Int
}

// readTransfer takes a log that is exactly ERC-20's Transfer: both addresses indexed,
// the value in the data. One of nothing moves nothing, whoever put whose name in it,
// and so does one to its own sender. An ERC-721 Transfer has its number for a fourth topic.
func readTransfer(l *types.Log) (tokenTransfer, bool) {
	if len(l.Topics) != 3 || l.Topics[0] != transferTopic || len(l.Data) != common.HashLength {
		return tokenTransfer{}, false
	}
	from, fromOK := wordAddress(l.Topics[1][:])
	to, toOK := wordAddress(l.Topics[2][:])
	t := tokenTransfer{from, to, new(big.Int).SetBytes(l.Data)}
	return t, fromOK && toOK && from != to && t.value.Sign() > 0
}

// wordAddress reads an address from a word of the ABI, whose other bytes are zero. The
// word is the first of what is given.
func wordAddress(words []byte) (common.Address, bool) {
	const unused = common.HashLength - common.AddressLength
	for _, b := range words[:unused] {
		if b != 0 {
			return common.Address{}, false
		}
	}
	return common.Address(words[unused:common.HashLength]), true
}

// The first four bytes of Keccak-256 of the methods' signatures (ERC-20).
var (
	transferCall     = []byte{0xa9, 0x05, 0x9c, 0xbb} // transfer(address,uint256)
	transferFromCall = []byte{0x23, 0xb8, 0x72, 0xdd} // transferFrom(address,address,uint256)
	balanceOfCall    = []byte{0x70, 0xa0, 0x82, 0x31} // balanceOf(address)
	decimalsCall     = []byte{0x31, 0x3c, 0xe5, 0x67} // decimals()
)

// encodeCall is a method's selector and its arguments, a word each.
func encodeCall(selector []byte, words ...[]byte) []byte {
	data := append([]byte{}, selector...)
	for _, w := range words {
		data = append(data, common.LeftPadBytes(w, common.HashLength)...)
	}
	return data
}

// readCall is what a call of transfer or transferFrom would move if it succeeds; sender
// is who calls. Bytes that follow the arguments are ignored, as contracts do.
func readCall(sender common.Address, data []byte) (tokenTransfer, bool) {
	if len(data) < len(transferCall) {
		return tokenTransfer{}, false
	}
	selector, args := data[:len(transferCall)], data[len(transferCall):]
	from, fromOK := sender, true
	if string(selector) == string(transferFromCall) && len(args) >= common.HashLength {
		from, fromOK = wordAddress(args)
		args = args[common.HashLength:]
	} else if string(selector) != string(transferCall) {
		return tokenTransfer{}, false
	}
	if len(args) < 2*common.HashLength {
		return tokenTransfer{}, false
	}
	to, toOK := wordAddress(args)
	t := tokenTransfer{from, to, new(big.Int).SetBytes(args[common.HashLength : 2*common.HashLength])}
	return t, fromOK && toOK && from != to && t.value.Sign() > 0
}
