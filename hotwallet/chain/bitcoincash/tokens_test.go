package bitcoincash

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// The vectors of CHIP-2022-02, "Token Prefix Encoding Test Vectors": what follows the
// category in valid and in invalid prefixes. b stands for its byte, c for a commitment's.
var (
	validPrefixes = []string{
		"1001", "10fc", "10fdfd00", "10ffffffffffffffff7f", "20", "3001", "30fdfd00", "30ffffffffffffffff7f", "6001cc", "7001ccfc",
		"7002ccccfdfd00", "700a" + commitment(10) + "fdffff", "7028" + commitment(40) + "fe00000100", "21", "31feffffffff", "6101cc",
		"7101ccff0000000001000000", "7102ccccffffffffffffffff7f", "710a" + commitment(10) + "01", "7128" + commitment(40) + "fc",
		"22", "32fdfd00", "6201cc", "7201ccfdffff", "7202ccccfe00000100", "720a" + commitment(10) + "ff0100000001000000",
		"7228" + commitment(40) + "ffffffffffffffff7f",
		// Reserved for later upgrades.
		"7029" + commitment(41) + "fe00000100", "7129" + commitment(41) + "fc", "60fdfd00" + commitment(253),
	}
	invalidPrefixes = []string{
		"00", "1000", "", "9001", "23", "5001", "1101", "60", "61", "62", "60fd0100cc", "6000", "6001", "6101",
		"10", "10fd00", "10fdfc00", "10ff0000000000000080", "10feffff0000", "3000",
	}
)

func commitment(n int) string { return strings.Repeat("cc", n) }

func prefixed(t testing.TB, rest string) []byte {
	t.Helper()
	raw, err := hex.DecodeString("ef" + strings.Repeat("bb", categorySize) + rest)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestCarried(t *testing.T) {
	t.Parallel()
	script := []byte{0x76, 0xa9, 0x14}
	for _, text := range validPrefixes {
		if got, ok := carried(append(prefixed(t, text), script...)); !ok || !bytes.Equal(got, script) {
			t.Errorf("%s: %x, %v", text, got, ok)
		}
	}
	for _, text := range invalidPrefixes {
		if got, ok := carried(prefixed(t, text)); ok {
			t.Errorf("%s was taken, with %x beneath", text, got)
		}
	}
	for _, text := range []string{"", "ef", "efbbbbbbbb1001", "76a914"} {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := carried(raw); ok {
			t.Errorf("%s was taken", text)
		}
	}
}

// What is beneath a prefix is the end of the script, and no prefix is taken for an
// address: neither by itself nor as a script that has one beneath.
func FuzzCarried(f *testing.F) {
	a := adapterRules(f)
	ours := scriptOf(f, a)
	for _, text := range slices.Concat(validPrefixes, invalidPrefixes) {
		f.Add(append(prefixed(f, text), ours...))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		beneath, ok := carried(script)
		if !ok {
			return
		}
		if len(beneath) > len(script)-categorySize-2 || !bytes.HasSuffix(script, beneath) {
			t.Fatalf("%x has %x beneath", script, beneath)
		}
		if address, is := a.Address(script); is {
			t.Fatalf("%x carries tokens and is taken for %s", script, address)
		}
		if again, more := carried(bytes.Clone(script)); !more || !bytes.Equal(again, beneath) {
			t.Fatalf("%x is read as %x and as %x", script, beneath, again)
		}
	})
}
