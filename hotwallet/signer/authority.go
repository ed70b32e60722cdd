package signer

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// claim is what an authority permits, read from signed documents. Only the token is
// the caller's word.
type claim struct {
	// key is "payout:<quote id>", "payout:<deposit id>" for an extra deposit that is
	// swapped too, or "refund:<deposit id>".
	key     string
	purpose swap.Purpose
	// main: it pays out the swap itself, of which there is one payout ever, by the
	// quote or by a requote.
	main bool
	// chain is the one paid on, asset what is paid.
	chain   asset.Chain
	asset   asset.ID
	swapID  string
	quoteID string
	// deposits are used up by it, distinct and sorted by id; deposited is their sum.
	deposits    []usedDeposit
	deposited   asset.Units
	destination string
	// addressField is the document that names the destination.
	addressField string
	// least and most bound the amount; for a payout they are equal.
	least asset.Units
	most  asset.Units
	token uint64
	// sibling is the coin that a refund may spend although its key is another chain's:
	// the deposit itself. nil for every other payment.
	sibling *siblingCoin
}

// usedDeposit is a deposit that an authority uses up.
type usedDeposit struct {
	ID    string      `json:"deposit_id"`
	Units asset.Units `json:"units"`
}

// fieldReceipt is the document that most refusals of addresses and swaps name.
const fieldReceipt = "authority.signed_receipt"

// authorise verifies an authority for a payment on a chain.
func (s *Signer) authorise(chain asset.Chain, a *ferryv1.Authority) (claim, error) {
	if a == nil {
		return claim{}, refuse("authority", "", "The authority is missing.")
	}
	terms, err := swap.VerifyTerms(a.GetSignedQuote(), a.GetSignedReceipt(), s.quoteKeys, s.attestKeys)
	if err != nil {
		return claim{}, refuse("authority", "", "The quote and receipt do not verify: %v.", err)
	}
	id, err := depositAsset(terms, a.GetDeposits())
	if err != nil {
		return claim{}, err
	}
	deposits, deposited, err := readDeposits(asset.MustLookup(id).Chain, a.GetDeposits())
	if err != nil {
		return claim{}, err
	}
	if err := s.attested(terms, id, deposits, a.GetSignedAttestations()); err != nil {
		return claim{}, err
	}
	if a.GetFencingToken() == 0 {
		return claim{}, refuse("authority.fencing_token", "1", "The caller holds no lease.")
	}
	c := claim{
		purpose: swap.Purpose(a.GetPurpose()), chain: chain, swapID: terms.Receipt.SwapID, quoteID: terms.Quote.ID,
		deposits: deposits, deposited: deposited, token: a.GetFencingToken(),
	}
	if err := checkDocuments(c.purpose, a); err != nil {
		return claim{}, err
	}
	switch {
	case id != terms.Quote.Pair.From && (c.purpose == swap.PurposePayout || c.purpose == swap.PurposeRefund):
		err = s.refundWrong(&c, terms, a, id)
	case a.GetSignedWrongAssetRefund() != "":
		err = refuse(fieldWrongAsset, "", "The deposit is in the quote's own asset.")
	case c.purpose == swap.PurposePayout && a.GetSignedRequote() != "":
		err = s.requoted(&c, terms, a)
	case c.purpose == swap.PurposePayout:
		err = c.payout(terms)
	case c.purpose == swap.PurposeRefund:
		err = s.refund(&c, terms, a.GetSignedRefundAddress())
	default:
		err = refuse("authority.purpose", "payout, refund", "Purpose %.40q is not one the signer signs for.", a.GetPurpose())
	}
	if err != nil {
		return claim{}, err
	}
	return c, s.checkDestination(c)
}

// readDeposits accepts one form of a list only: valid ids, each once, sorted, with
// amounts above zero that have a sum.
func readDeposits(chain asset.Chain, told []*ferryv1.AuthorityDeposit) ([]usedDeposit, asset.Units, error) {
	var sum asset.Units
	if n := len(told); n == 0 || n > swap.MaxOrderDeposits {
		return nil, sum, refuse("authority.deposits", fmt.Sprint(swap.MaxOrderDeposits), "A payment uses up one deposit or several, up to the limit.")
	}
	deposits := make([]usedDeposit, len(told))
	for i, d := range told {
		units, err := asset.ParseUnits(d.GetUnits())
		if err != nil || units.IsZero() {
			return nil, sum, refuse("authority.deposits.units", "", "A deposit's amount is no count of base units above zero.")
		}
		if !validDepositID(chain, d.GetDepositId()) {
			return nil, sum, refuse("authority.deposits.deposit_id", "", "A deposit id is not <chain>:<txid>:<index> on the deposit chain, that of its asset.")
		}
		if i > 0 && deposits[i-1].ID >= d.GetDepositId() {
			return nil, sum, refuse("authority.deposits", "", "The deposits are not distinct and sorted by id.")
		}
		if sum, err = sum.Add(units); err != nil {
			return nil, sum, refuse("authority.deposits.units", "", "The deposits have no sum in range.")
		}
		deposits[i] = usedDeposit{ID: d.GetDepositId(), Units: units}
	}
	return deposits, sum, nil
}

// payout: the quoted amount, exactly, to the receipt's payout address, for deposits
// of together at least what was quoted.
func (c *claim) payout(t swap.Terms) error {
	if c.chain != t.Quote.PayoutChain() {
		return refuse("authority.purpose", string(t.Quote.PayoutChain()), "The quote pays out on another chain.")
	}
	if c.deposited.Less(t.Quote.Deposit.Units) {
		return refuse("authority.deposits.units", t.Quote.Deposit.Units.String(), "The deposits are short of the quote: they can be refunded, not paid out.")
	}
	c.main, c.key, c.asset = true, "payout:"+t.Quote.ID, t.Quote.Payout.Asset
	c.destination, c.addressField = t.Receipt.PayoutAddress, fieldReceipt
	c.least, c.most = t.Quote.Payout.Units, t.Quote.Payout.Units
	return nil
}

// refund: one deposit less at most the quote's RefundFeeMax, to the receipt's
// refund address or the one that was set later.
func (s *Signer) refund(c *claim, t swap.Terms, signedAddress string) error {
	if c.chain != t.Quote.DepositChain() {
		return refuse("authority.purpose", string(t.Quote.DepositChain()), "The quote's deposits are refunded on another chain.")
	}
	if len(c.deposits) != 1 {
		return refuse("authority.deposits", "1", "Each deposit is refunded by itself.")
	}
	var err error
	if c.destination, c.addressField, err = s.refundTo(t, signedAddress); err != nil {
		return err
	}
	c.key, c.asset, c.most = "refund:"+c.deposits[0].ID, t.Quote.Deposit.Asset, c.deposited
	least, err := c.deposited.Sub(t.Quote.RefundFeeMax.Units)
	if err != nil || least.IsZero() {
		// The fee may eat all but one base unit; a refund of nothing is none.
		least = asset.NewUnits(1)
	}
	c.least = least
	return nil
}

// checkDestination refuses an address that is not the canonical form of one this
// network can pay: the transaction is compared with it byte for byte.
func (s *Signer) checkDestination(c claim) error {
	canonical, err := s.ring.networks.ParseAddress(c.chain, c.destination)
	if err != nil {
		return refuse(c.addressField, "", "The document's address can't be paid: %v.", err)
	}
	if canonical != c.destination {
		return refuse(c.addressField, "", "The document's address is not in canonical form.")
	}
	return nil
}

// checkAmount refuses an amount outside of what the claim permits.
func (c claim) checkAmount(amount asset.Units) error {
	switch {
	case amount.Less(c.least):
		return refuse("unsigned_tx", c.least.String(), "The amount %s is too small for this %s.", amount, c.purpose)
	case c.most.Less(amount):
		return refuse("unsigned_tx", c.most.String(), "The amount %s is too large for this %s.", amount, c.purpose)
	}
	return nil
}

// contentIndexBits is the length of the number in place of an index where ether came
// in another way than by a transfer (chain.ContentIndexBits), and indexDigits that
// number's digits.
const (
	contentIndexBits = 128
	indexDigits      = 39
)

// validDepositID accepts one spelling per deposit only, or one deposit could be
// refunded under each: lower-case digits, no leading zeros.
func validDepositID(chain asset.Chain, id string) bool {
	rest, ok := strings.CutPrefix(id, string(chain)+":")
	if !ok {
		return false
	}
	txid, index, ok := strings.Cut(rest, ":")
	if chain.Family() == asset.Account {
		var prefixed bool
		if txid, prefixed = strings.CutPrefix(txid, "0x"); !prefixed {
			return false
		}
	}
	raw, err := hex.DecodeString(txid)
	if !ok || err != nil || len(raw) != 32 || txid != strings.ToLower(txid) {
		return false
	}
	n, ok := new(big.Int).SetString(index[:min(len(index), indexDigits)], 10)
	if !ok || n.Sign() < 0 || n.String() != index {
		return false
	}
	return n.BitLen() <= 32 || chain.Family() == asset.Account && n.BitLen() == contentIndexBits
}
