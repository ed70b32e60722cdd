package bitcoincash

import "encoding/binary"

// The prefix of an output that carries CashTokens (CHIP-2022-02, "Token Prefix"):
// 0xef, the category's 32 bytes, a byte of bits, the length and bytes of an NFT's
// commitment if there is one, and the amount of fungible tokens if there are any.
const (
	tokenPrefix   = 0xef
	categorySize  = 32
	bitReserved   = 0x80
	bitCommitment = 0x40
	bitNFT        = 0x20
	bitAmount     = 0x10
	capability    = 0x0f
	// mostCapability is "minting"; 0 is none and 1 mutable.
	mostCapability = 2
	// mostAmount is the most tokens of a category.
	mostAmount = 1<<63 - 1
	// mostCommitment is what a script can push; consensus allows less, and has raised it.
	mostCommitment = 520
)

// carried is Rules.Carried: the script beneath a valid prefix. An output that begins
// as one and is none can be spent by nobody.
func carried(script []byte) ([]byte, bool) {
	if len(script) < 1+categorySize+1 || script[0] != tokenPrefix {
		return nil, false
	}
	bits, rest := script[1+categorySize], script[1+categorySize+1:]
	kind := bits & (bitReserved | bitCommitment | bitNFT | bitAmount)
	switch {
	case kind&bitReserved != 0, kind&(bitNFT|bitAmount) == 0, bits&capability > mostCapability:
		return nil, false
	case kind&bitNFT == 0 && (kind&bitCommitment != 0 || bits&capability != 0):
		return nil, false
	}
	if kind&bitCommitment != 0 {
		n, after, ok := compact(rest)
		if !ok || n == 0 || n > mostCommitment || n > uint64(len(after)) {
			return nil, false
		}
		rest = after[n:]
	}
	if kind&bitAmount != 0 {
		n, after, ok := compact(rest)
		if !ok || n == 0 || n > mostAmount {
			return nil, false
		}
		rest = after
	}
	return rest, true
}

// compact reads a variable-length number in its shortest form, and what follows it.
func compact(raw []byte) (n uint64, rest []byte, ok bool) {
	if len(raw) == 0 {
		return 0, nil, false
	}
	size, least := 1, uint64(0)
	switch raw[0] {
	case 0xfd:
		size, least = 3, 0xfd
	case 0xfe:
		size, least = 5, 0x1_0000
	case 0xff:
		size, least = 9, 0x1_0000_0000
	}
	if len(raw) < size {
		return 0, nil, false
	}
	if size == 1 {
		return uint64(raw[0]), raw[1:], true
	}
	var wide [8]byte
	copy(wide[:], raw[1:size])
	n = binary.LittleEndian.Uint64(wide[:])
	return n, raw[size:], n >= least
}
