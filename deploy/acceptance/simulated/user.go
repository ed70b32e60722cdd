package simulated

import (
	"context"
	"fmt"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/simulate/simulation"
	"ferry/swap"
	"ferry/swap/asset"
)

// Create implements scenario.User.
func (w *world) Create(_ context.Context, ask scenario.Ask) (scenario.Created, error) {
	secret := "the secret of the swap"
	terms, err := w.stage.Open(simulation.Opening{Pair: ask.Pair, Policy: ask.Policy, RefundAddress: !ask.NoRefundAddress,
		Variable: ask.Variable, SecretHash: swap.HashDocument(secret)})
	if err == nil && ask.PayoutRefused {
		w.stage.RefusePayments(terms.Receipt.PayoutAddress)
	}
	return scenario.Created{Terms: terms, Secret: secret}, err
}

// Again implements scenario.User.
func (w *world) Again(context.Context, scenario.Created) (scenario.Created, error) {
	return scenario.Created{}, scenario.Cannot("a stage has no gateway: there are no requests to repeat")
}

// QuoteBelow implements scenario.User.
func (w *world) QuoteBelow(context.Context, asset.Pair) (swap.Code, string, error) {
	return "", "", scenario.Cannot("a stage has no gateway: nothing refuses a quote")
}

// Look implements scenario.User. A swap that the state machine has not told of yet
// waits for its deposit, as the gateway says until then.
func (w *world) Look(_ context.Context, swapID string) (swap.Update, error) {
	all, err := w.stage.Updates(swapID)
	if err != nil || len(all) == 0 {
		return swap.Update{SwapID: swapID, State: swap.AwaitingDeposit, Message: "Nothing was told of it yet.", Actor: "ferry", By: w.stage.Now()}, err
	}
	return all[len(all)-1], nil
}

// Updates implements scenario.User.
func (w *world) Updates(_ context.Context, swapID string) ([]swap.Update, error) {
	return w.stage.Updates(swapID)
}

// Answer implements scenario.User.
func (w *world) Answer(_ context.Context, c scenario.Created, depositID string, answer swap.Answer, atLeast asset.Amount) error {
	return w.stage.Answer(c.Receipt.SwapID, c.Secret, depositID, answer, atLeast)
}

// RefundWrongAsset implements scenario.User.
func (w *world) RefundWrongAsset(_ context.Context, c scenario.Created, depositID string) (string, error) {
	return w.stage.SayYes(c.Receipt.SwapID, c.Secret, depositID)
}

// SetRefundAddress implements scenario.User.
func (w *world) SetRefundAddress(_ context.Context, c scenario.Created) (string, error) {
	return w.stage.NameRefund(c.Receipt.SwapID, c.Secret)
}

// Pay implements scenario.Money.
func (w *world) Pay(_ context.Context, on asset.Chain, outputs []scenario.Output) ([]scenario.Tx, error) {
	ids, err := w.stage.Pay(on, told(outputs)...)
	var txs []scenario.Tx
	for _, id := range ids {
		txs = append(txs, scenario.Tx{Chain: on, ID: id, Raw: w.stage.Raw(on, id)})
	}
	return txs, err
}

func told(outputs []scenario.Output) (all []simulation.Output) {
	for _, o := range outputs {
		all = append(all, simulation.Output{Address: o.Address, Units: o.Units})
	}
	return all
}

// PayInternally implements scenario.Money: blocks show nothing of it.
func (w *world) PayInternally(_ context.Context, _ string, units asset.Units) error {
	return w.stage.Surplus(units)
}

// PayElsewhere implements scenario.Money.
func (w *world) PayElsewhere(_ context.Context, c scenario.Created) error {
	return w.stage.PayElsewhere(c.Receipt.SwapID)
}

// PayTokens implements scenario.Money.
func (w *world) PayTokens(_ context.Context, address string) error {
	return w.stage.PayTokens(address)
}

// Replace implements scenario.Money.
func (w *world) Replace(_ context.Context, tx scenario.Tx, outputs []scenario.Output) (scenario.Tx, error) {
	id, err := w.stage.Replace(tx.Chain, tx.ID, told(outputs)...)
	return scenario.Tx{Chain: tx.Chain, ID: id, Raw: w.stage.Raw(tx.Chain, id)}, err
}

// Resend implements scenario.Money.
func (w *world) Resend(_ context.Context, tx scenario.Tx) error {
	return w.stage.Resend(tx.Chain, tx.Raw)
}

// Confirmations implements scenario.Money.
func (w *world) Confirmations(_ context.Context, tx scenario.Tx) (int64, error) {
	return w.stage.Confirmations(tx.Chain, tx.ID), nil
}

// Received implements scenario.Money.
func (w *world) Received(_ context.Context, on asset.Chain, address string) (asset.Units, error) {
	return w.stage.Received(on, address), nil
}

// NewAddress implements scenario.Money.
func (w *world) NewAddress(_ context.Context, on asset.Chain) (string, error) {
	return w.stage.NewAddress(on), nil
}

// Dust implements scenario.Money.
func (w *world) Dust(_ context.Context, on asset.Chain) (asset.Units, error) {
	return w.stage.Dust(on), nil
}

// fates are those of the simulated chains.
var fates = map[scenario.Fate]simulation.Fate{scenario.Returns: simulation.Return,
	scenario.Forgotten: simulation.Drop, scenario.DoubleSpent: simulation.DoubleSpend}

var _ scenario.World = (*world)(nil)

// rough is how often, in 10,000, a step of a daemon fails while daemons crash often.
const rough = 1000

// CrashOften implements scenario.Trouble.
func (w *world) CrashOften(context.Context) error {
	w.stage.Rough(rough)
	return nil
}

// unknownDaemon is a daemon that a stage does not have.
func unknownDaemon(name string) error {
	return scenario.Cannot("a stage has no %s (it has %s)", name, fmt.Sprint((&simulation.Stage{}).Daemons()))
}
