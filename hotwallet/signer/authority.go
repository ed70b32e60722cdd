package signer

import (
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// claim is what an authority permits, read from signed documents, or derived where the
// house moves its own. Only the token is the caller's word.
type claim struct {
	// key is "payout:<quote id>", "payout:<deposit id>" for an extra deposit that is
	// swapped too, "refund:<deposit id>", or for the house's own
	// "<purpose>:<first spend>", which the transaction says.
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
	deposits  []usedDeposit
	deposited asset.Units
	// attestedAt is the time of the oldest of their attestations; zero of the house's own, and
	// where unattested: none of the deposits has one. Then it has what conflicts with what was
	// signed for it before, and nothing new (unattested).
	attestedAt  time.Time
	unattested  bool
	destination string
	// toChange: it pays no destination, but declared change addresses of ours (a sweep on a
	// chain of coins).
	toChange bool
	// amountFree: of several transactions for it each may pay another amount.
	amountFree bool
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

// fieldReceipt is the document that most refusals of addresses and swaps name.
const fieldReceipt = "authority.signed_receipt"

// authorise verifies an authority for a payment on a chain.
func (s *Signer) authorise(chain asset.Chain, a *ferryv1.Authority) (claim, error) {
	if a == nil {
		return claim{}, refuse("authority", "", "The authority is missing.")
	}
	if a.GetFencingToken() == 0 {
		return claim{}, refuse("authority.fencing_token", "1", "The caller holds no lease.")
	}
	c := claim{purpose: swap.Purpose(a.GetPurpose()), chain: chain, token: a.GetFencingToken()}
	if err := checkDocuments(c.purpose, a); err != nil {
		return claim{}, err
	}
	var err error
	switch c.purpose {
	case swap.PurposePayout, swap.PurposeRefund:
		err = s.ofSwap(&c, a)
	case swap.PurposeSweep:
		err = s.sweep(&c, a)
	case swap.PurposeGasTopUp:
		err = s.gasTopUp(&c, a)
	case swap.PurposeGapFill:
		err = s.gapFill(&c)
	default:
		err = refuse("authority.purpose", "payout, refund, sweep, gas_topup, gap_fill", "Purpose %.40q is not one the signer signs for.", a.GetPurpose())
	}
	if err != nil {
		return claim{}, err
	}
	if c.toChange {
		return c, nil
	}
	return c, s.checkDestination(c)
}

// ofSwap: a payout or refund, by the swap's documents and attestations.
func (s *Signer) ofSwap(c *claim, a *ferryv1.Authority) error {
	terms, err := swap.VerifyTerms(a.GetSignedQuote(), a.GetSignedReceipt(), s.quoteKeys, s.attestKeys)
	if err != nil {
		return refuse("authority", "", "The quote and receipt do not verify: %v.", err)
	}
	id, err := depositAsset(terms, a.GetDeposits())
	if err != nil {
		return err
	}
	if c.deposits, c.deposited, err = readDeposits(asset.MustLookup(id).Chain, a.GetDeposits()); err != nil {
		return err
	}
	if c.unattested = len(a.GetSignedAttestations()) == 0; !c.unattested {
		if c.attestedAt, err = s.attested(terms, id, c.deposits, a.GetSignedAttestations()); err != nil {
			return err
		}
	}
	c.swapID, c.quoteID = terms.Receipt.SwapID, terms.Quote.ID
	switch {
	case id != terms.Quote.Pair.From:
		return s.refundWrong(c, terms, a, id)
	case a.GetSignedWrongAssetRefund() != "":
		return refuse(fieldWrongAsset, "", "The deposit is in the quote's own asset.")
	case c.purpose == swap.PurposeRefund:
		return s.refund(c, terms, a.GetSignedRefundAddress())
	case a.GetSignedRequote() != "":
		return s.requoted(c, terms, a)
	}
	return c.payout(terms)
}

// payout: the quoted amount, exactly, to the receipt's payout address, for deposits
// of together at least what was quoted.
func (c *claim) payout(t swap.Terms) error {
	if c.chain != t.Quote.PayoutChain() {
		return refuse("authority.purpose", string(t.Quote.PayoutChain()), "The quote pays out on another chain.")
	}
	if t.Quote.Variable {
		return refuse(fieldRequote, "", "The quote locks no price: a payout rests on the rate that was set for its deposit.")
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
