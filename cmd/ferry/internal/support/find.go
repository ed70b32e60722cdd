package support

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// FindLimit is how many matches are listed.
const FindLimit = 50

// maxText bounds what is searched for, in bytes: the longest is a refund's order id.
const maxText = 200

// Match is a swap that a text was found in, and where. SwapID is empty if what
// was found belongs to no swap, such as treasury's own address.
type Match struct {
	SwapID string `json:"swap_id,omitempty"`
	// What the text is to the swap: "payout address", "deposit", ...
	What   string     `json:"what"`
	Detail string     `json:"detail,omitempty"`
	State  swap.State `json:"state,omitempty"`
	Pair   string     `json:"pair,omitempty"`
	// The swap's times; nil while the state machine does not know it.
	CreatedAt *time.Time `json:"created_at,omitempty"`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}

// Matches is what was found, the newest swaps first.
type Matches struct {
	Text    string  `json:"text"`
	Matches []Match `json:"matches"`
	More    bool    `json:"more"`
}

// Search is a text made out.
type Search struct {
	text string
	// amounts is set for a decimal number: one for each asset it can be of.
	amounts []asset.Amount
	// spellings are the forms in which an id or address may be stored, and txids
	// those of the transaction that is, or is part of, the text.
	spellings, txids []string
}

// ParseSearch makes out what somebody searches for: an amount in coins ("0.01",
// "0.01 BTC"), or an id, address or transaction.
func ParseSearch(text string) (Search, error) {
	text = strings.TrimSpace(text)
	s := Search{text: text}
	if text == "" || len(text) > maxText {
		return s, fmt.Errorf("the text to find must have 1 to %d characters", maxText)
	}
	number, ticker, _ := strings.Cut(text, " ")
	if strings.Trim(number, "0123456789.") == "" && len(number) < 60 {
		return s, s.parseAmount(number, asset.ID(strings.ToUpper(strings.TrimSpace(ticker))))
	}
	if ticker != "" {
		return s, fmt.Errorf("%.60q is neither an amount nor one id, address or transaction", text)
	}
	s.spellings = spellings(text)
	for _, spelling := range s.spellings {
		s.txids = append(s.txids, spelling)
		if parts := strings.Split(spelling, ":"); len(parts) == 3 { // a deposit's id
			s.txids = append(s.txids, parts[1])
		}
	}
	return s, nil
}

func (s *Search) parseAmount(number string, id asset.ID) error {
	var why error
	for _, a := range asset.All() {
		if id != "" && id != a.ID {
			continue
		}
		amount, err := asset.ParseDecimal(a.ID, number)
		if err != nil {
			why = err
			continue
		}
		s.amounts = append(s.amounts, amount)
	}
	if len(s.amounts) > 0 {
		return nil
	}
	if why == nil {
		why = fmt.Errorf("asset %.20q is not known", id)
	}
	return fmt.Errorf("no amount of coins: %w", why)
}

// spellings are the forms a text may be stored in: hexadecimal and bech32 in
// lower case, Ethereum addresses with EIP-55's checksum, Bitcoin Cash's with their
// prefix, which people leave out.
func spellings(text string) []string {
	forms := []string{text}
	if lower := strings.ToLower(text); lower != text {
		forms = append(forms, lower)
	}
	// The network does not matter to an Ethereum address.
	if address, err := (asset.Networks{}).ParseAddress(asset.Ethereum, strings.ToLower(text)); err == nil {
		forms = append(forms, address)
	}
	for _, network := range []string{"mainnet", "testnet3", "regtest", "simnet"} {
		address, err := (asset.Networks{BitcoinCash: network}).ParseAddress(asset.BitcoinCash, text)
		if err == nil && !slices.Contains(forms, address) {
			forms = append(forms, address)
		}
	}
	return forms
}

// Find lists where a text occurs, at most FindLimit matches.
func (r *Reader) Find(ctx context.Context, s Search) (Matches, error) {
	found := Matches{Text: s.text, Matches: []Match{}}
	if s.amounts == nil {
		all, err := rows[Match](ctx, r, "FIND_TEXT", s.spellings, s.txids, FindLimit+1, asset.Chains())
		if err != nil {
			return found, err
		}
		found.Matches, found.More = cut(all, FindLimit)
		return found, nil
	}
	for _, amount := range s.amounts {
		all, err := rows[Match](ctx, r, "FIND_AMOUNT", amount.Asset, amount.Units, FindLimit+1)
		if err != nil {
			return found, err
		}
		for i := range all {
			all[i].What += " of " + amount.String()
		}
		found.Matches = append(found.Matches, all...)
	}
	slices.SortStableFunc(found.Matches, func(a, b Match) int { return cmp.Compare(b.SwapID, a.SwapID) })
	found.Matches, found.More = cut(found.Matches, FindLimit)
	return found, nil
}
