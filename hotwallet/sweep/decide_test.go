package sweep

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
)

func n(units uint64) asset.Units { return asset.NewUnits(units) }

// settings sweep what is worth 20 times its cost, and USDT from 500 on.
func settings() Settings {
	return Settings{PerHour: 5, Floor: n(1000), TokenLeast: map[asset.ID]asset.Units{asset.USDT: n(500)},
		TopUpMax: n(50), TopUpAddressDay: n(80), TopUpDay: n(100)}
}

// state is of usual fees: a transfer costs 10, a token's sweep 40.
func state(held ...Held) State {
	st := State{Native: asset.ETH, Held: held, Accounts: map[string]Account{}, FeesUsual: true, FeeMax: n(100), Sender: n(5000), SenderFree: n(5000),
		Cost: map[asset.ID]asset.Units{asset.ETH: n(10), asset.USDT: n(40), asset.USDC: n(40)}}
	for _, h := range held {
		a := st.Accounts[h.Address]
		a.Address, a.Nonce = h.Address, 7
		if h.Asset == asset.ETH {
			a.Gas = h.Units
		}
		st.Accounts[h.Address] = a
	}
	return st
}

func holds(address string, id asset.ID, units uint64) Held {
	return Held{Address: address, Asset: id, Units: n(units)}
}

func told(all []Intent) string {
	var lines []string
	for _, i := range all {
		lines = append(lines, fmt.Sprintf("%s %s at most %s", i.OrderID(), i.Units, i.FeeMax))
	}
	return strings.Join(lines, "; ")
}

// Setup: what lies on addresses, and what the world is like. Test: what is begun.
func TestDecide(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		held   []Held
		change func(s *Settings, st *State)
		want   string
	}{
		"nothing":                       {},
		"worth twenty times its cost":   {held: []Held{holds("a", asset.ETH, 200)}, want: "sweep:a:ETH:7 190 at most 20"},
		"worth less by one":             {held: []Held{holds("a", asset.ETH, 199)}},
		"a multiple of the operator's":  {held: []Held{holds("a", asset.ETH, 199)}, change: func(s *Settings, _ *State) { s.Multiple = 19 }, want: "sweep:a:ETH:7 189 at most 20"},
		"not buried, or under way":      {held: []Held{holds("a", asset.ETH, 900)}, change: func(_ *Settings, st *State) { delete(st.Accounts, "a") }},
		"fees are high":                 {held: []Held{holds("a", asset.ETH, 900)}, change: func(_ *Settings, st *State) { st.FeesUsual = false }},
		"the sender runs dry":           {held: []Held{holds("a", asset.ETH, 900)}, change: func(_ *Settings, st *State) { st.FeesUsual, st.Sender = false, n(999) }, want: "sweep:a:ETH:7 890 at most 20"},
		"nobody knows the fee":          {held: []Held{holds("a", asset.ETH, 900)}, change: func(_ *Settings, st *State) { st.Cost = nil }},
		"switched off":                  {held: []Held{holds("a", asset.ETH, 900)}, change: func(s *Settings, _ *State) { s.PerHour = 0 }},
		"the hour is used up":           {held: []Held{holds("a", asset.ETH, 900)}, change: func(_ *Settings, st *State) { st.Begun = 5 }},
		"the largest first":             {held: []Held{holds("a", asset.ETH, 300), holds("b", asset.ETH, 900)}, change: func(s *Settings, _ *State) { s.PerHour = 1 }, want: "sweep:b:ETH:7 890 at most 20"},
		"of equals the oldest":          {held: []Held{{"a", asset.ETH, n(900), time.Unix(9, 0)}, {"b", asset.ETH, n(900), time.Unix(8, 0)}}, change: func(s *Settings, _ *State) { s.PerHour = 1 }, want: "sweep:b:ETH:7 890 at most 20"},
		"gas comes first":               {held: []Held{holds("a", asset.USDT, 500)}, want: "gas_topup:a:ETH:7 40 at most 100"},
		"only the gas that lacks":       {held: []Held{holds("a", asset.USDT, 500), holds("a", asset.ETH, 15)}, want: "gas_topup:a:ETH:7 25 at most 100"},
		"then the token":                {held: []Held{holds("a", asset.USDT, 500), holds("a", asset.ETH, 40)}, want: "sweep:a:USDT:7 500 at most 40"},
		"gas for somewhat lower fees":   {held: []Held{holds("a", asset.USDT, 500), holds("a", asset.ETH, 30)}, want: "sweep:a:USDT:7 500 at most 30"},
		"gas for half the fees":         {held: []Held{holds("a", asset.USDT, 500), holds("a", asset.ETH, 29)}, want: "gas_topup:a:ETH:7 11 at most 100"},
		"its ether waits for the token": {held: []Held{holds("a", asset.USDT, 500), holds("a", asset.ETH, 900)}, want: "sweep:a:USDT:7 500 at most 80"},
		"what this address's costs":     {held: []Held{holds("a", asset.USDT, 500)}, change: func(_ *Settings, st *State) { st.Exact = map[Spend]asset.Units{{"a", asset.USDT}: n(33)} }, want: "gas_topup:a:ETH:7 33 at most 100"},
		"too little of a token":         {held: []Held{holds("a", asset.USDT, 499), holds("a", asset.ETH, 40)}},
		"a token without a least":       {held: []Held{holds("a", asset.USDC, 1<<40)}},
		"a token while fees are high":   {held: []Held{holds("a", asset.USDT, 500)}, change: func(_ *Settings, st *State) { st.FeesUsual = false }},
		"more gas than a top-up brings": {held: []Held{holds("a", asset.USDT, 500)}, change: func(s *Settings, _ *State) { s.TopUpMax = n(39) }},
		"the address had its share":     {held: []Held{holds("a", asset.USDT, 500)}, change: func(_ *Settings, st *State) { st.Accounts["a"] = Account{Address: "a", ToppedUp: n(41)} }},
		"the day is used up":            {held: []Held{holds("a", asset.USDT, 500)}, change: func(_ *Settings, st *State) { st.ToppedUp = n(61) }},
		"the day is used up by the first": {held: []Held{holds("a", asset.USDT, 700), holds("b", asset.USDT, 600), holds("c", asset.USDT, 500)},
			want: "gas_topup:a:ETH:7 40 at most 100; gas_topup:b:ETH:7 40 at most 100"},
		"the sender has no gas to give": {held: []Held{holds("a", asset.USDT, 500)}, change: func(_ *Settings, st *State) { st.SenderFree = n(49) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, st := settings(), state(row.held...)
			if row.change != nil {
				row.change(&s, &st)
			}
			got, err := Decide(s, st)
			if err != nil || told(got) != row.want {
				t.Errorf("%s (%v), want %s", told(got), err, row.want)
			}
		})
	}
}

// Whatever lies where: no limit is passed, nothing that is worth too little is touched,
// an address has one payment, and the same state gives the same answer.
func TestDecideKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		units := func(name string, most uint64) asset.Units { return n(rapid.Uint64Range(0, most).Draw(rt, name)) }
		s := settings()
		s.PerHour = rapid.IntRange(0, 8).Draw(rt, "an hour")
		s.TopUpMax, s.TopUpAddressDay, s.TopUpDay = units("top-up", 60), n(80), units("day", 200)
		var held []Held
		for i := range rapid.IntRange(0, 12).Draw(rt, "holdings") {
			address := string(rune('a' + i/2))
			held = append(held, Held{Address: address, Asset: []asset.ID{asset.ETH, asset.USDT}[i%2], Units: units("units", 1000)})
		}
		st := state(held...)
		st.FeesUsual, st.Begun = rapid.Bool().Draw(rt, "usual"), rapid.IntRange(0, 9).Draw(rt, "begun")
		st.Sender, st.SenderFree, st.ToppedUp = units("sender", 2000), units("free", 200), units("topped up", 200)
		all, err := Decide(s, st)
		if err != nil {
			rt.Fatal(err)
		}
		if again, err := Decide(s, st); err != nil || !reflect.DeepEqual(again, all) {
			rt.Fatalf("%s, and then %s (%v)", told(all), told(again), err)
		}
		if len(all) > max(0, s.PerHour-st.Begun) {
			rt.Fatalf("%d are begun", len(all))
		}
		given, spent := new(counter), new(counter)
		busy := map[string]bool{}
		for _, i := range all {
			if busy[i.Address] {
				rt.Fatalf("two at %s: %s", i.Address, told(all))
			}
			busy[i.Address] = true
			switch {
			case i.Purpose == swap.PurposeGasTopUp:
				given.add(rt, i.Units)
				spent.add(rt, i.Units, st.Cost[asset.ETH])
				if s.TopUpMax.Less(i.Units) {
					rt.Fatalf("too much gas: %s", told(all))
				}
			case i.Asset == asset.ETH && i.Units.Less(n(190)), i.Asset == asset.USDT && i.Units.Less(n(500)):
				rt.Fatalf("not worth it: %s", told(all))
			}
		}
		given.add(rt, st.ToppedUp)
		if s.TopUpDay.Less(st.ToppedUp) && given.sum != st.ToppedUp || !s.TopUpDay.Less(st.ToppedUp) && s.TopUpDay.Less(given.sum) {
			rt.Fatalf("the day has %s of %s: %s", given.sum, s.TopUpDay, told(all))
		}
		if st.SenderFree.Less(spent.sum) {
			rt.Fatalf("the sender spends %s of %s", spent.sum, st.SenderFree)
		}
	})
}

type counter struct{ sum asset.Units }

func (c *counter) add(rt *rapid.T, all ...asset.Units) {
	for _, u := range all {
		var err error
		if c.sum, err = c.sum.Add(u); err != nil {
			rt.Fatal(err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	if err := settings().Validate(); err != nil {
		t.Fatal(err)
	}
	if err := (Settings{}).Validate(); err != nil {
		t.Fatalf("settings that move nothing: %v", err)
	}
	for want, change := range map[string]func(s *Settings){
		"multiple 10001 is above":            func(s *Settings) { s.Multiple = 10_001 },
		"per_hour -1 is not":                 func(s *Settings) { s.PerHour = -1 },
		"consolidate_per_day 1001 is not":    func(s *Settings) { s.ConsolidatePerDay = 1001 },
		"more than an address gets in a day": func(s *Settings) { s.TopUpMax = n(81) },
		"nor that more than all get":         func(s *Settings) { s.TopUpDay = n(79) },
		"the least amount of USDT is 0":      func(s *Settings) { s.TokenLeast[asset.USDT] = n(0) },
	} {
		s := settings()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestConsolidate(t *testing.T) {
	t.Parallel()
	s := Settings{CoinsMost: 50, ConsolidatePerDay: 2}
	due := Coins{Small: 51, FeesUsual: true, Begun: 1}
	if !Consolidate(s, due) {
		t.Fatal("small coins stay apart")
	}
	for name, change := range map[string]func(s *Settings, c *Coins){
		"no more than the wallet keeps": func(_ *Settings, c *Coins) { c.Small = 50 },
		"fees are high":                 func(_ *Settings, c *Coins) { c.FeesUsual = false },
		"one is under way":              func(_ *Settings, c *Coins) { c.Open = true },
		"the day is used up":            func(_ *Settings, c *Coins) { c.Begun = 2 },
		"never":                         func(s *Settings, _ *Coins) { s.ConsolidatePerDay = 0 },
		"a few are not worth it":        func(s *Settings, c *Coins) { s.CoinsMost, c.Small = 0, 9 },
	} {
		s, c := s, due
		change(&s, &c)
		if Consolidate(s, c) {
			t.Errorf("%s: they are brought together", name)
		}
	}
}
