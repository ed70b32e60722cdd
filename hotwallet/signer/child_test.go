package signer

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// The children that sign and own coins are BIP32's as hdkeychain derives them from the
// extended public keys, for every seed, account, branch and index: keys and scripts.
func TestChildrenAreBIP32s(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ring, err := newKeyring(everyChain, rapid.SliceOfN(rapid.Byte(), seedSize, seedSize).Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		var all []position
		var wants []keys.Key
		for _, on := range asset.Chains() {
			at := position{chain: on, role: rapid.SampledFrom([]keys.Role{keys.Deposit, keys.Hot}).Draw(t, "role"),
				branch: rapid.SampledFrom([]uint32{keys.External, keys.Change}).Draw(t, "branch"),
				index:  rapid.Uint32Max(hardenedStart-1).Draw(t, "index")}
			want, err := ring.public.Derive(at.chain, at.role, at.branch, at.index)
			if err != nil {
				t.Fatal(err)
			}
			private, err := ring.key(at)
			if err != nil {
				t.Fatal(err)
			}
			if got := private.PubKey().SerializeCompressed(); !bytes.Equal(got, want.PublicKey) {
				t.Fatalf("the private key of %s is that of %x, want %x", want.Path, got, want.PublicKey)
			}
			all, wants = append(all, at, at), append(wants, want, want)
		}
		for range 2 { // worked out, and known
			public, err := ring.owned(all)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range wants {
				if !bytes.Equal(public[i], want.PublicKey) {
					t.Fatalf("the public key of %s is %x, want %x", want.Path, public[i], want.PublicKey)
				}
				if script := scriptOf(all[i].chain, public[i]); all[i].chain.Family() == asset.UTXO && !bytes.Equal(script, want.Script) {
					t.Fatalf("the script of %s is %x, want %x", want.Path, script, want.Script)
				}
			}
		}
	})
}

// There are no keys but those of the accounts' two branches, and no hardened ones below.
func TestKeysOfNoAccount(t *testing.T) {
	t.Parallel()
	ring, err := newKeyring(everyChain, bytes.Repeat([]byte{3}, seedSize))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []position{
		{chain: "dogecoin"}, {chain: asset.Bitcoin, role: 2}, {chain: asset.Bitcoin, branch: 2},
		{chain: asset.Bitcoin, index: hardenedStart},
	} {
		if _, err := ring.key(at); err == nil {
			t.Errorf("a private key at %+v", at)
		}
		if _, err := ring.owned([]position{at}); err == nil {
			t.Errorf("a public key at %+v", at)
		}
	}
}
