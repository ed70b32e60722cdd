package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"regexp"
	"strings"
	"unicode"
)

// Limits of a file of claims.
const (
	maxFile   = 1 << 20 // bytes
	maxClaims = 1000
	maxNote   = 100 // bytes
	maxVoid   = 100 // transactions of a claim
)

// amount is a count of base units.
type amount = *big.Int

// claim says that an address received exactly so many base units.
type claim struct {
	Chain   string `json:"chain"`
	Address string `json:"address"`
	// Units is a whole number of base units, as a string of digits or a number.
	Units json.Number `json:"units"`
	// TxID is a transaction that must be (part of) the payment; it may be left out.
	TxID string `json:"txid"`
	// Void are transactions that must have paid nothing: in no block, or failed there.
	Void []string `json:"void"`
	// Note is printed with the claim, such as a swap's id.
	Note string `json:"note"`
	// Contract is the token's in which the claim is, "" for the chain's own asset; Token is
	// its name, which the claim alone says, and Decimals what its contract must say.
	Contract string `json:"contract"`
	Token    string `json:"token"`
	Decimals int    `json:"decimals"`

	promised amount
}

// units says how a chain counts.
var units = map[string]struct {
	ticker, unit string
	decimals     int
}{"bitcoin": {"BTC", "sat", 8}, "litecoin": {"LTC", "litoshi", 8}, "bitcoincash": {"BCH", "sat", 8}, "ethereum": {"ETH", "wei", 18}}

var (
	digits    = regexp.MustCompile(`^[0-9]{1,78}$`)
	addresses = map[string]*regexp.Regexp{
		"bitcoin":     regexp.MustCompile(`^[0-9A-Za-z]{14,100}$`),
		"litecoin":    regexp.MustCompile(`^[0-9A-Za-z]{14,100}$`),
		"bitcoincash": regexp.MustCompile(`^[a-z]{3,20}:[0-9a-z]{30,120}$`),
		"ethereum":    regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`),
	}
	txids = map[string]*regexp.Regexp{
		"bitcoin":     regexp.MustCompile(`^[0-9a-f]{64}$`),
		"litecoin":    regexp.MustCompile(`^[0-9a-f]{64}$`),
		"bitcoincash": regexp.MustCompile(`^[0-9a-f]{64}$`),
		"ethereum":    regexp.MustCompile(`^0x[0-9a-f]{64}$`),
	}
)

// readClaims reads and checks a file; "-" is the standard input.
func readClaims(path string) ([]claim, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the claims: %w", err)
	}
	return parseClaims(raw)
}

func readFile(path string) (raw []byte, err error) {
	if path == "-" {
		return readAll(os.Stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return readAll(f)
}

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(raw) > maxFile {
		return nil, fmt.Errorf("more than %d bytes", maxFile)
	}
	return raw, err
}

// parseClaims refuses whatever could prove less than it seems to: unknown fields,
// no claims, an address twice, amounts that are no whole number above zero.
func parseClaims(raw []byte) ([]claim, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var claims []claim
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("the claims are no JSON list of claims: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the list of claims")
	}
	if len(claims) == 0 || len(claims) > maxClaims {
		return nil, fmt.Errorf("there are %d claims; 1 to %d can be proved", len(claims), maxClaims)
	}
	seen := map[string]bool{}
	for i := range claims {
		c := &claims[i]
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("claim %d: %w", i+1, err)
		}
		key := strings.ToLower(c.Chain + " " + c.Address + " " + c.Contract)
		if seen[key] {
			return nil, fmt.Errorf("claim %d: %s is claimed twice; one claim says all that an address receives", i+1, c.Address)
		}
		seen[key] = true
	}
	return claims, nil
}

func (c *claim) check() error {
	if _, known := units[c.Chain]; !known {
		return fmt.Errorf("chain %.40q is not known: it is bitcoin, litecoin, bitcoincash or ethereum", c.Chain)
	}
	if !addresses[c.Chain].MatchString(c.Address) {
		return fmt.Errorf("%.120q is no address of %s", c.Address, c.Chain)
	}
	if err := c.checkToken(); err != nil {
		return err
	}
	if c.TxID != "" && !txids[c.Chain].MatchString(c.TxID) {
		return fmt.Errorf("%.120q is no transaction of %s", c.TxID, c.Chain)
	}
	if err := c.checkVoid(); err != nil {
		return err
	}
	if !digits.MatchString(string(c.Units)) {
		return fmt.Errorf("units %.90q are no whole number of base units", string(c.Units))
	}
	if len(c.Note) > maxNote {
		return fmt.Errorf("the note has %d bytes, at most %d", len(c.Note), maxNote)
	}
	promised, ok := new(big.Int).SetString(string(c.Units), 10)
	if !ok || promised.Sign() == 0 {
		return errors.New("nothing was promised: units must be above zero")
	}
	c.promised = promised
	return nil
}

// checkVoid: they are transactions of the chain, and none the one that has to have paid.
func (c *claim) checkVoid() error {
	if len(c.Void) > maxVoid {
		return fmt.Errorf("%d transactions are said to be void, at most %d can be", len(c.Void), maxVoid)
	}
	for _, txid := range c.Void {
		if !txids[c.Chain].MatchString(txid) {
			return fmt.Errorf("%.120q is no transaction of %s", txid, c.Chain)
		}
		if txid == c.TxID {
			return fmt.Errorf("%s is said to have paid, and to be void", txid)
		}
	}
	return nil
}

// tokens are names that a claim may give a contract; maxDecimals is more than any has.
var tokens = regexp.MustCompile(`^[0-9A-Za-z.]{1,12}$`)

const maxDecimals = 36

// checkToken: the fields of a token are all there, or none.
func (c *claim) checkToken() error {
	switch {
	case c.Contract == "" && c.Token == "" && c.Decimals == 0:
		return nil
	case c.Chain != "ethereum" || !addresses[c.Chain].MatchString(c.Contract):
		return fmt.Errorf("%.120q on %.40q is no contract of a token", c.Contract, c.Chain)
	case strings.EqualFold(c.Contract, c.Address):
		return errors.New("the contract is the address itself")
	case !tokens.MatchString(c.Token):
		return fmt.Errorf("token %.40q is no name of one", c.Token)
	case c.Decimals < 0 || c.Decimals > maxDecimals:
		return fmt.Errorf("decimals must be 0 to %d", maxDecimals)
	}
	return nil
}

// say writes an amount in coins and in base units.
func (c claim) say(a amount) string {
	u := units[c.Chain]
	if c.Contract != "" {
		u.ticker, u.unit, u.decimals = c.Token, "base units", c.Decimals
	}
	text := a.String()
	if len(text) <= u.decimals {
		text = strings.Repeat("0", u.decimals-len(text)+1) + text
	}
	text = strings.TrimRight(text[:len(text)-u.decimals]+"."+text[len(text)-u.decimals:], "0")
	return fmt.Sprintf("%s %s (%s %s)", strings.TrimSuffix(text, "."), u.ticker, a, u.unit)
}

func (c claim) noted() string {
	if c.Note == "" {
		return ""
	}
	return " [" + printable(c.Note) + "]"
}

// printable keeps what others wrote from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
