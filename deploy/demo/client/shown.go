package client

import (
	"errors"
	"fmt"
	"slices"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/verify"
)

// CheckShown verifies how a swap of verified terms is shown: that the fields beside
// the signed texts say the same as these, that its link pays the deposit address, and
// that each payment is one the terms or a verified requote permit. refund is the
// refund address that was set later, "" if none was.
func (c *Client) CheckShown(t swap.Terms, s Swap, refund string) error {
	q, r := t.Quote, t.Receipt
	if r.RefundAddress != "" {
		refund = r.RefundAddress
	}
	due, err := toPay(q.Deposit, s.MissingAmount)
	if q.Variable {
		due.Units = asset.Units{} // whoever pays chooses it
	}
	if err != nil {
		return verify.Refuse("missing_amount", err)
	}
	err = verify.First(
		verify.Equal("id", s.ID, r.SwapID), verify.Equal("deposit_amount", s.DepositAmount, q.Deposit.Decimal()),
		verify.Equal("deposit_address", s.DepositAddress, r.DepositAddress), verify.Equal("payout_amount", s.PayoutAmount, q.Payout.Decimal()),
		verify.Equal("payout_address", s.PayoutAddress, r.PayoutAddress), verify.Equal("policy", s.Policy, r.Policy),
		// One that was set a moment ago may not be shown yet.
		verify.That("refund_address", s.RefundAddress == refund || s.RefundAddress == "" && r.RefundAddress == "", "it is not the one that was set"),
		verify.That("missing_amount", !q.Deposit.Units.Less(due.Units), "it is more than the deposit"),
		verify.That("payment_uri", linkPays(c.cfg.Networks, s.PaymentURI, r.DepositAddress, due), "it pays something else"))
	if err != nil {
		return err
	}
	for _, p := range s.Payments {
		if err := c.checkPayment(t, s, p, refund); err != nil {
			return err
		}
	}
	return nil
}

func toPay(deposit asset.Amount, missing string) (asset.Amount, error) {
	if missing == "" {
		return deposit, nil
	}
	return asset.ParseDecimal(deposit.Asset, missing)
}

// linkPays reports whether a link of BIP 21 or EIP-681 names exactly this address and
// amount, and no amount where it is zero. Bitcoin Cash's addresses have their scheme already.
func linkPays(n asset.Networks, uri, address string, due asset.Amount) bool {
	if due.Units.IsZero() {
		return linkNames(n, uri, address, due.Asset)
	}
	switch due.Asset {
	case asset.BTC, asset.LTC:
		return uri == string(asset.MustLookup(due.Asset).Chain)+":"+address+"?amount="+due.Decimal()
	case asset.BCH:
		return uri == address+"?amount="+due.Decimal()
	case asset.ETH:
		return uri == fmt.Sprintf("ethereum:%s@%d?value=%s", address, n.EthereumChainID, due.Units)
	case asset.USDT, asset.USDC:
	}
	contract, pinned := n.Contract(due.Asset)
	return pinned && uri == fmt.Sprintf("ethereum:%s@%d/transfer?address=%s&uint256=%s", contract, n.EthereumChainID, address, due.Units)
}

// linkNames reports whether a link names exactly this address and no amount.
func linkNames(n asset.Networks, uri, address string, id asset.ID) bool {
	switch id {
	case asset.BTC, asset.LTC:
		return uri == string(asset.MustLookup(id).Chain)+":"+address
	case asset.BCH:
		return uri == address
	case asset.ETH:
		return uri == fmt.Sprintf("ethereum:%s@%d", address, n.EthereumChainID)
	case asset.USDT, asset.USDC:
	}
	contract, pinned := n.Contract(id)
	return pinned && uri == fmt.Sprintf("ethereum:%s@%d/transfer?address=%s", contract, n.EthereumChainID, address)
}

// errNoRate: a quote that locks no price pays by a rate that was signed, or not at all.
var errNoRate = errors.New("the quote locks no price, and the payout has no rate")

func (c *Client) checkPayment(t swap.Terms, s Swap, p Payment, refund string) error {
	deposits, err := depositsOf(s, p, t.Quote.Pair.From)
	if err != nil {
		return err
	}
	amount, err := asset.ParseDecimal(p.Asset, p.Amount)
	if err != nil {
		return verify.Refuse("payments.amount", err)
	}
	if p.Purpose == swap.PurposeRefund {
		return checkRefund(t, p, amount, deposits, refund)
	}
	if t.Quote.Variable && p.SignedRequote == "" {
		return verify.Refuse("payments.signed_requote", errNoRate)
	}
	want := t.Quote.Payout
	if p.SignedRequote != "" {
		requote, err := c.verifier().Requote(t, p.SignedRequote, p.SignedConsent, deposits)
		if err != nil {
			return err
		}
		want = requote.Payout
	}
	return verify.First(verify.Equal("payments.purpose", p.Purpose, swap.PurposePayout), verify.Equal("payments.amount", amount, want),
		verify.Equal("payments.destination", p.Destination, t.Receipt.PayoutAddress))
}

// checkRefund: one deposit, to the refund address, less at most what was quoted.
func checkRefund(t swap.Terms, p Payment, amount asset.Amount, deposits []swap.OrderDeposit, refund string) error {
	if err := verify.First(verify.Equal("payments.deposit_ids", len(deposits), 1),
		verify.That("payments.destination", refund != "" && p.Destination == refund, "it is not the refund address"),
		verify.Equal("payments.asset", amount.Asset, deposits[0].Amount.Asset)); err != nil {
		return err
	}
	back, err := amount.Units.Add(t.Quote.RefundFeeMax.Units)
	if err != nil {
		return verify.Refuse("payments.amount", err)
	}
	return verify.First(
		verify.That("payments.amount", !deposits[0].Amount.Units.Less(amount.Units), "it is more than the deposit"),
		verify.That("payments.amount", !back.Less(deposits[0].Amount.Units), "more than the quoted fee was taken off"))
}

// depositsOf are the deposits that a payment uses up, as they are shown.
func depositsOf(s Swap, p Payment, id asset.ID) ([]swap.OrderDeposit, error) {
	var list []swap.OrderDeposit
	for _, wanted := range p.DepositIDs {
		i := slices.IndexFunc(s.Deposits, func(d Deposit) bool { return d.ID == wanted })
		if i < 0 {
			return nil, verify.First(verify.That("payments.deposit_ids", false, "the deposit "+wanted+" is not shown"))
		}
		amount, err := asset.ParseDecimal(id, s.Deposits[i].Amount)
		if err != nil {
			return nil, verify.Refuse("deposits.amount", err)
		}
		list = append(list, swap.OrderDeposit{ID: wanted, Amount: amount})
	}
	if len(list) == 0 {
		return nil, verify.First(verify.That("payments.deposit_ids", false, "it uses up no deposit"))
	}
	return list, nil
}
