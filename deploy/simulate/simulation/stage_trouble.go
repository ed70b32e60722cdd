package simulation

import (
	"fmt"
	"slices"
	"time"

	"ferry/swap/asset"
)

// Daemons are the processes of a stage that can be killed.
func (s *Stage) Daemons() []string {
	return []string{"gatewayd", "liquidityd", "swapd", "signerd", walletd(asset.Bitcoin), walletd(asset.Ethereum)}
}

// Kill ends a daemon until Start; false if the stage has none of this name.
func (s *Stage) Kill(daemon string) bool {
	if !slices.Contains(s.Daemons(), daemon) {
		return false
	}
	s.w.down[daemon] = true
	return true
}

// Start starts a daemon that was killed, with nothing but what it has stored.
func (s *Stage) Start(daemon string) error {
	delete(s.w.down, daemon)
	return safely(func() {
		switch daemon {
		case "liquidityd":
			s.w.desk.begin()
		case "swapd":
			s.w.swapd[0].begin()
		case walletd(asset.Bitcoin):
			s.w.hot[asset.Bitcoin].begin()
		case walletd(asset.Ethereum):
			s.w.hot[asset.Ethereum].begin()
		}
		s.work()
	})
}

// Rough is how often, in 10,000, a step of a daemon fails, loses its answer or kills
// it; 0 ends it.
func (s *Stage) Rough(often int) { s.w.rough = often }

// Halt is an operator who stops a chain's payments, Resume one who lets them go on.
func (s *Stage) Halt(on asset.Chain) error {
	_, err := s.w.hot[on].store.Stop(s.w.ctx, stageHalt)
	return err
}

// Resume lets a chain's payments go on.
func (s *Stage) Resume(on asset.Chain) error {
	return safely(func() {
		s.w.wallets.Resume(on)
		s.work()
	})
}

// Halted says why a chain's payments stand still, "" if they run.
func (s *Stage) Halted(on asset.Chain) string { return s.w.wallets.Halts()[on] }

// Repeat has everything that was ever told be published again, under the numbers it
// had, and what was consumed be offered again.
func (s *Stage) Repeat() error {
	return safely(func() {
		w := s.w
		for _, r := range w.relays {
			r.cursor = 0
		}
		w.swapd[0].facts.next = [partitions]int64{}
		w.desk.requests.next = [partitions]int64{}
		for _, on := range networks.Chains() {
			w.hot[on].orders.next = [partitions]int64{}
		}
		s.work()
	})
}

// RefusePayments has every payment on Ethereum to an address be mined with failed
// status.
func (s *Stage) RefusePayments(address string) { s.w.refusing[address] = true }

// SetDust changes the least that a chain takes for a deposit: what is told from now on
// says so.
func (s *Stage) SetDust(on asset.Chain, units asset.Units) error {
	return safely(func() {
		rules := s.w.rules[on]
		rules.dust = units
		s.w.rules[on] = rules
		s.w.hot[on].begin()
		s.work()
	})
}

// Surplus has Ethereum's node hold more for us than blocks show, as after a contract's
// internal transfer.
func (s *Stage) Surplus(units asset.Units) error {
	return safely(func() {
		s.w.surplus = true
		s.w.chains[asset.Ethereum].OverstateHeld(units)
		s.w.chains[asset.Ethereum].Mine(1)
		s.work()
	})
}

// Alarms are what people have to look at, "<action> <target>: <reason>".
func (s *Stage) Alarms() (all []string) {
	for _, a := range s.w.wallets.Actions() {
		all = append(all, fmt.Sprintf("%s %s: %s", a.Action, a.Target, a.Reason))
	}
	return all
}

// restLimit bounds how long a stage may take to come to rest.
const restLimit = 72 * time.Hour

// End ends all troubles, lets every deadline pass, and then holds the world to what
// must be true in the end of a seed.
func (s *Stage) End() error {
	w := s.w
	w.rough, w.down, s.held = 0, map[string]bool{}, map[asset.Chain]bool{}
	for _, on := range networks.Chains() {
		w.rejoin(on)
	}
	for _, d := range s.Daemons() {
		if err := s.Start(d); err != nil {
			return err
		}
	}
	end := s.latest()
	for limit := w.now.Add(restLimit); w.now.Before(end) || w.unrest() != ""; {
		if w.now.After(limit) {
			return fmt.Errorf("the world does not come to rest: %s", w.unrest())
		}
		for _, on := range networks.Chains() {
			if err := s.Resume(on); err != nil {
				return err
			}
		}
		if err := s.Pass(10 * time.Minute); err != nil {
			return err
		}
	}
	if s.unchecked {
		return nil
	}
	return safely(func() {
		w.check.all()
		w.check.atRest()
		for _, u := range w.users {
			w.check.ended(u)
		}
	})
}

// Story is what happened that deserves a line.
func (s *Stage) Story() []string { return s.w.story }
