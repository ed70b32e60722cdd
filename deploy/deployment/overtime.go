package deployment

import (
	"fmt"

	"ferry/swap/asset"
)

// overTime parses the chain's limits over time into a.
func (c Chain) overTime(name asset.Chain, a *Amounts) error {
	var err error
	if a.PaymentsPerHour, a.PaymentsPerDay, err = limits(name.NativeID(), "payments", c.PaymentsPerHour, c.PaymentsPerDay); err != nil {
		return err
	}
	a.FeesPerHour, a.FeesPerDay, err = limits(name.NativeID(), "fees", c.FeesPerHour, c.FeesPerDay)
	return err
}

// limits parses a limit for an hour and one for a day, in coins; one that is left out is
// zero, and one that is zero would stop everything and is refused.
func limits(id asset.ID, of, perHour, perDay string) (hour, day asset.Units, err error) {
	for _, l := range []struct {
		field, text string
		into        *asset.Units
	}{{of + "_per_hour", perHour, &hour}, {of + "_per_day", perDay, &day}} {
		if l.text == "" {
			continue
		}
		parsed, err := asset.ParseDecimal(id, l.text)
		if err != nil {
			return hour, day, fmt.Errorf("%s: %w", l.field, err)
		}
		if parsed.Units.IsZero() {
			return hour, day, fmt.Errorf("%s must be above zero; to stop payments, turn the signer's switch", l.field)
		}
		*l.into = parsed.Units
	}
	if !hour.IsZero() && !day.IsZero() && day.Less(hour) {
		return hour, day, fmt.Errorf("%s_per_day must be at least %s_per_hour", of, of)
	}
	return hour, day, nil
}
