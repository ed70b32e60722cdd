package signer

import (
	"testing"

	"golang.org/x/sys/unix"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func dumpable() (int, error) {
	return unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]position{
		"m/84'/1'/0'/0/0":          {asset.Bitcoin, keys.Deposit, keys.External, 0},
		"m/84'/1'/1'/1/2147483647": {asset.Bitcoin, keys.Hot, keys.Change, 2147483647},
	} {
		if got, err := parsePath(swaptest.Networks, asset.Bitcoin, path); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", path, got, err, want)
		}
	}
	for _, path := range []string{
		"", "m", "m/84'/1'/0'", "m/84'/1'/0'/", "m/84'/1'/0'/0", "m/84'/1'/0'/0/", "m/84'/1'/0'/0/0/0", "m/84'/1'/0'/0/0/",
		"m/84'/1'/0'/2/0", "m/84'/1'/0'/0/2147483648", "m/84'/1'/0'/0/0'", "m/84'/1'/0'/0'/0", "m/84'/1'/0'/0/00", "m/84'/1'/0'/00/0",
		"m/84'/1'/0'/0/+1", "m/84'/1'/0'/0/-1", "m/84'/1'/0'/0/ 1", "m/84'/1'/2'/0/0", "m/84'/0'/0'/0/0", "m/44'/60'/1'/0/0",
		"M/84'/1'/0'/0/0", "m/84h/1h/0h/0/0", "m/84'/1'/0'/0/0\n", "/84'/1'/0'/0/0", "m/84'/1'/0'/0/1e3", "m/84'/1'/0'/0/٣",
	} {
		if got, err := parsePath(swaptest.Networks, asset.Bitcoin, path); err == nil {
			t.Errorf("%q was read as %+v", path, got)
		}
	}
	if _, err := parsePath(swaptest.Networks, "dogecoin", "m/84'/1'/0'/0/0"); err == nil {
		t.Error("a path on an unknown chain was read")
	}
}

// What may spend is decided by position: users' deposits, funding and change; no
// change ever goes to a deposit account or to the address that treasury funds.
func TestPositionsMayDoOnlyTheirPart(t *testing.T) {
	t.Parallel()
	for at, want := range map[position]struct{ spendable, change bool }{
		{asset.Bitcoin, keys.Deposit, keys.External, 1}: {true, false},
		{asset.Bitcoin, keys.Deposit, keys.Change, 1}:   {false, false},
		{asset.Bitcoin, keys.Hot, keys.External, 1}:     {true, false},
		{asset.Bitcoin, keys.Hot, keys.Change, 1}:       {true, true},
	} {
		if at.spendable() != want.spendable || at.change() != want.change {
			t.Errorf("%+v: spendable %v, change %v; want %+v", at, at.spendable(), at.change(), want)
		}
	}
}
