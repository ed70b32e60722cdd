package signer

import (
	"fmt"
	"strconv"
	"strings"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// hardenedStart is where BIP32's hardened indices begin; children of an account
// are below it.
const hardenedStart = 1 << 31

// position is a key's place among ours.
type position struct {
	chain  asset.Chain
	role   keys.Role
	branch uint32
	index  uint32
}

// parsePath reads a path in exactly the form keys.Accounts writes it, and only a
// path of a known account of the chain on this network. Which of these may be
// used for what is the caller's to check.
func parsePath(n asset.Networks, c asset.Chain, path string) (position, error) {
	for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
		account, err := keys.AccountPath(n, c, role)
		if err != nil {
			return position{}, err
		}
		rest, ours := strings.CutPrefix(path, account+"/")
		if !ours {
			continue
		}
		branchText, indexText, _ := strings.Cut(rest, "/")
		branch, branchErr := strconv.ParseUint(branchText, 10, 31)
		index, indexErr := strconv.ParseUint(indexText, 10, 31)
		if branchErr != nil || indexErr != nil || branch > uint64(keys.Change) ||
			path != fmt.Sprintf("%s/%d/%d", account, branch, index) {
			return position{}, fmt.Errorf("path %.60q is not <account>/<branch>/<index>", path)
		}
		return position{chain: c, role: role, branch: uint32(branch), index: uint32(index)}, nil
	}
	return position{}, fmt.Errorf("path %.60q is of no account of ours on %s", path, c)
}

// spendable reports whether coins at the position may pay: what users deposited,
// what treasury funded, and our own change.
func (p position) spendable() bool {
	return p.role == keys.Hot || p.role == keys.Deposit && p.branch == keys.External
}

// change reports whether a transaction may send its rest there.
func (p position) change() bool { return p.role == keys.Hot && p.branch == keys.Change }

// hotSender is the one account that pays on an account chain.
func hotSender(c asset.Chain) position {
	return position{chain: c, role: keys.Hot, branch: keys.External, index: 0}
}
