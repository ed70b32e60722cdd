package simulation

import (
	"fmt"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/model"
)

// stageDecisions are the state machine's rules on a stage: a deployment's own waits, and
// a member of staff who acts alone up to twice what is usual.
func stageDecisions() statemachine.Rules {
	alone, fees := map[asset.ID]asset.Units{}, map[asset.ID]asset.Units{}
	for on, rules := range stageRules {
		fees[on.NativeID()] = rules.refundFee
		native, _ := on.Native()
		alone[native.ID] = add(rules.typical, rules.typical)
	}
	fees[asset.USDT] = (&World{rules: stageRules}).of(asset.USDT).refundFee
	return statemachine.Rules{QuoteKeys: quoteKeys, AttestKeys: attestKeys, StaffAlone: alone, RefundFees: fees}
}

func (s *Stage) user(swapID string) (*user, error) {
	for _, u := range s.w.users {
		if u.id() == swapID {
			return u, nil
		}
	}
	return nil, swap.Refuse(swap.CodeNotFound, "", "", "There is no such swap.")
}

// owner is the user of a swap, for whoever knows its secret: attestd's check.
func (s *Stage) owner(swapID, secret string) (*user, error) {
	u, err := s.user(swapID)
	if err == nil && swap.HashDocument(secret) != u.terms.Receipt.SecretHash {
		err = swap.Refuse(swap.CodeRefused, "secret", "", "This is not the secret of this swap.")
	}
	return u, err
}

// Answer is a user who answers a question about a deposit.
func (s *Stage) Answer(swapID, secret, depositID string, answer swap.Answer, atLeast asset.Amount) error {
	u, err := s.owner(swapID, secret)
	if err != nil {
		return err
	}
	c := swap.Consent{SwapID: swapID, ReceiptHash: swap.HashDocument(u.terms.SignedReceipt), DepositID: depositID,
		Answer: answer, AtLeast: atLeast, IssuedAt: swap.Millis(s.w.now)}
	signed, err := swap.SignConsent(c, attestKey)
	if err != nil {
		return err
	}
	return safely(func() {
		s.w.gateway.put(s.w.answered(u, signed))
		s.work()
	})
}

// NameRefund is a user who says where refunds go, to a fresh address. There is one for
// ever, and none where the receipt has one.
func (s *Stage) NameRefund(swapID, secret string) (string, error) {
	u, err := s.owner(swapID, secret)
	if err != nil {
		return "", err
	}
	if u.refundsTo() != "" {
		return "", swap.Refuse(swap.CodeRefused, "refund_address", "", "This swap has a refund address, and it stays.")
	}
	a := swap.RefundAddress{SwapID: swapID, ReceiptHash: swap.HashDocument(u.terms.SignedReceipt),
		RefundAddress: s.w.chains[u.on].NewAddress(), IssuedAt: swap.Millis(s.w.now)}
	if u.signedRefund, err = swap.SignRefundAddress(a, attestKey); err != nil {
		return "", err
	}
	u.refundSet = a.RefundAddress
	return a.RefundAddress, safely(func() {
		s.w.gateway.put(swap.Fact{Kind: swap.FactRefundAddressSet, SwapID: swapID, At: swap.Millis(s.w.now),
			Refund: &swap.RefundAddressFact{SignedRefundAddress: u.signedRefund}})
		s.work()
	})
}

// Act is a member of staff who acts on a swap: the id of the request. Approve is
// another who agrees.
func (s *Stage) Act(swapID, actor string, action swap.StaffAction, reason string) (requestID string, err error) {
	requestID = s.w.newID("act")
	return requestID, s.tells(swapID, swap.FactStaffAction, swap.StaffFact{RequestID: requestID, Actor: actor, Action: action, Reason: reason})
}

// Approve is a member of staff who agrees with a request.
func (s *Stage) Approve(swapID, actor, requestID string) error {
	return s.tells(swapID, swap.FactStaffApproved, swap.StaffFact{RequestID: requestID, Actor: actor})
}

func (s *Stage) tells(swapID string, kind swap.FactKind, told swap.StaffFact) error {
	if _, err := s.user(swapID); err != nil {
		return err
	}
	m, err := bus.FactMessage(swap.Fact{Kind: kind, SwapID: swapID, At: swap.Millis(s.w.now), Staff: &told})
	if err != nil {
		return fmt.Errorf("tell of staff: %w", err)
	}
	return safely(func() {
		must(model.Run(func(t *model.Tx) error { return s.w.states.Schema().Tell(t, m) }))
		s.work()
	})
}

// MoveMarket moves today's price away from every locked one, so many basis points up, or
// down where they are below zero.
func (s *Stage) MoveMarket(bps int64) { s.w.desk.drift += bps }

// CloseMarket has no price for anything, until OpenMarket.
func (s *Stage) CloseMarket() { s.w.desk.away = true }

// OpenMarket has prices again.
func (s *Stage) OpenMarket() { s.w.desk.away = false }

// latest is the last time that anything which waits on its own ends.
func (s *Stage) latest() time.Time {
	end := s.w.now
	for _, u := range s.w.users {
		if by := u.terms.Receipt.ConfirmBy; by.After(end) {
			end = by
		}
	}
	return end
}
