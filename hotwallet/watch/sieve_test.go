package watch

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain"
)

// scripted is a reader that makes scripts, and fails for one address.
type scripted struct{ chain.Reader }

func (scripted) Script(address string) ([]byte, error) {
	if address == "none" {
		return nil, errors.New("no script")
	}
	return []byte("script of " + address), nil
}

// Nothing of ours is ever kept back, however the set has grown, and most of what is
// not ours is.
func TestSieveKeepsNothingBack(t *testing.T) {
	t.Parallel()
	s := NewSetFor(scripted{})
	const ours = 30_000
	var coins []string
	for i := range ours {
		s.Add(fmt.Sprint("a", i))
		coins = append(coins, fmt.Sprintf("%064x:%d", i, i%3))
	}
	s.SetCoins(coins)
	through := 0
	for i := range ours {
		script, err := scripted{}.Script(fmt.Sprint("a", i))
		if err != nil {
			t.Fatal(err)
		}
		var hash [32]byte
		binary.BigEndian.PutUint32(hash[28:], uint32(i)) // as the id has it
		slices.Reverse(hash[:])
		if !s.Script(script) || !s.Outpoint(&hash, uint32(i%3)) {
			t.Fatalf("address or coin %d is kept back", i)
		}
		if s.Script([]byte(fmt.Sprint("script of b", i))) {
			through++
		}
		if s.Outpoint(&hash, 3) {
			through++
		}
	}
	if through > 2*ours/10 {
		t.Errorf("%d of %d strangers came through", through, 2*ours)
	}
}

// What can't be sieved lets all through: an address without a script, a coin that is no
// output, a chain without scripts.
func TestSieveOpens(t *testing.T) {
	t.Parallel()
	var stranger [32]byte
	script := []byte("script of a stranger")
	for name, c := range map[string]struct {
		set             *Set
		scripts, points bool
	}{
		"all is sieved":         {NewSetFor(scripted{}), false, false},
		"no reader of scripts":  {NewSet(), true, true},
		"an odd address":        {NewSetFor(scripted{}), true, false},
		"an odd coin":           {NewSetFor(scripted{}), false, true},
		"an odd address, grown": {NewSetFor(scripted{}), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.set.Add("a")
			c.set.SetCoins([]string{hex.EncodeToString(make([]byte, 32)) + ":7"})
			switch {
			case strings.HasPrefix(name, "an odd address"):
				c.set.Add("none")
			case name == "an odd coin":
				c.set.SetCoins([]string{"0xab:deposit"})
			}
			if strings.HasSuffix(name, "grown") {
				for i := range 5000 {
					c.set.Add(fmt.Sprint(i))
				}
			}
			if got := c.set.Script(script); got != c.scripts {
				t.Errorf("a stranger's script: %v, want %v", got, c.scripts)
			}
			if got := c.set.Outpoint(&stranger, 8); got != c.points {
				t.Errorf("a stranger's coin: %v, want %v", got, c.points)
			}
		})
	}
}
