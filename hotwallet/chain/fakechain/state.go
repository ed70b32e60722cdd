package fakechain

import (
	"maps"

	"ferry/swap/asset"
)

// state is what the transactions of a chain of blocks amount to.
type state struct {
	coins    map[string]Output // unspent
	spent    map[string]string // coin id → spending transaction
	balances map[string]asset.Units
	tokens   map[holding]asset.Units
	nonces   map[string]uint64
	heights  map[string]int64 // of mined transactions
	coinbase map[string]int64 // height of a coinbase output
}

// holding is an address's balance of a token.
type holding struct {
	token   asset.ID
	address string
}

func newState() *state {
	return &state{
		tokens: map[holding]asset.Units{},
		coins:  map[string]Output{}, spent: map[string]string{}, balances: map[string]asset.Units{},
		nonces: map[string]uint64{}, heights: map[string]int64{}, coinbase: map[string]int64{},
	}
}

func (s *state) clone() *state {
	return &state{
		coins: maps.Clone(s.coins), spent: maps.Clone(s.spent), balances: maps.Clone(s.balances), tokens: maps.Clone(s.tokens),
		nonces: maps.Clone(s.nonces), heights: maps.Clone(s.heights), coinbase: maps.Clone(s.coinbase),
	}
}

func (s *state) mined(id string) bool {
	_, ok := s.heights[id]
	return ok
}

// apply adds a transaction that check accepted.
func (s *state) apply(t minedTx, height int64) {
	s.heights[t.id] = height
	if t.Chain == asset.Ethereum {
		s.applyTransfer(t)
		return
	}
	for _, in := range t.Inputs {
		delete(s.coins, in)
		s.spent[in] = t.id
	}
	for i, o := range t.Outputs {
		id := coinID(t.id, i)
		s.coins[id] = o
		if t.Coinbase {
			s.coinbase[id] = height
		}
	}
}

func (s *state) applyTransfer(t minedTx) {
	if !t.Coinbase {
		s.nonces[t.Sender] = t.Nonce + 1
	}
	if !t.Stranger {
		s.balances[t.Sender] = mustSub(s.balances[t.Sender], t.fee)
	}
	if t.failed || t.Unbacked {
		return
	}
	if !t.Stranger {
		s.change(t.Token, t.Sender, func(has asset.Units) asset.Units { return mustSub(has, t.total()) })
	}
	for _, o := range t.Outputs {
		s.change(t.Token, o.Address, func(has asset.Units) asset.Units { return mustAdd(has, o.Units) })
	}
}

// change changes a balance, of the chain's own asset where token is "".
func (s *state) change(token asset.ID, address string, by func(asset.Units) asset.Units) {
	if token == "" {
		s.balances[address] = by(s.balances[address])
		return
	}
	h := holding{token, address}
	s.tokens[h] = by(s.tokens[h])
}

// mustSub subtracts what check has found covered.
func mustSub(a, b asset.Units) asset.Units {
	rest, err := a.Sub(b)
	if err != nil {
		panic("fakechain: " + err.Error())
	}
	return rest
}

// verdict is why a transaction can't follow a state.
type verdict string

const (
	valid    verdict = ""
	spent    verdict = "an input or its nonce is spent by another transaction"
	missing  verdict = "an input does not exist"
	uncover  verdict = "the funds do not cover it"
	waiting  verdict = "an earlier nonce is missing"
	badShape verdict = "it is malformed"
	immature verdict = "a coinbase output is not mature"
)

// coinbaseMaturity is the number of blocks after which a coinbase output can be
// spent, as on Bitcoin.
const coinbaseMaturity = 100

// check says whether t can be in the block at height.
func (s *state) check(t Tx, height int64) verdict {
	if t.Chain == asset.Ethereum {
		return s.checkTransfer(t)
	}
	if len(t.Inputs) == 0 || len(t.Outputs) == 0 {
		return badShape
	}
	var in asset.Units
	seen := map[string]bool{}
	for _, id := range t.Inputs {
		if seen[id] {
			return badShape
		}
		seen[id] = true
		if _, gone := s.spent[id]; gone {
			return spent
		}
		coin, ok := s.coins[id]
		if !ok && !t.Stranger {
			return missing
		}
		if born, ok := s.coinbase[id]; ok && height-born < coinbaseMaturity {
			return immature
		}
		in = mustAdd(in, coin.Units)
	}
	if !t.Stranger && in != mustAdd(t.total(), t.Fee) {
		return uncover
	}
	return valid
}

func (s *state) checkTransfer(t Tx) verdict {
	switch {
	case len(t.Outputs) == 0 || len(t.Outputs) > 1 && !t.Stranger || len(t.Inputs) != 0 || t.Sender == "":
		return badShape
	case t.Nonce < s.nonces[t.Sender]:
		return spent
	case t.Nonce > s.nonces[t.Sender]:
		return waiting
	case t.Stranger:
		return valid
	case t.Token != "" && (s.tokens[holding{t.Token, t.Sender}].Less(t.total()) || s.balances[t.Sender].Less(t.Fee)):
		return uncover
	case t.Token == "" && s.balances[t.Sender].Less(mustAdd(t.total(), t.Fee)):
		return uncover
	}
	return valid
}
