// Package deployment reads the one file that every process of a deployment
// shares: which networks, whose signatures count, what each chain and pair costs.
// It holds no secret. A setting that is missing, unknown or contradictory stops
// the start with a sentence that names it.
package deployment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Deployment is the file's content. Amounts are decimal texts in coins.
type Deployment struct {
	Networks asset.Networks `json:"networks"`
	// QuoteKeys and AttestKeys are the Ed25519 public keys trusted to sign quotes
	// and receipts, in base64url.
	QuoteKeys  []string              `json:"quote_keys"`
	AttestKeys []string              `json:"attest_keys"`
	Chains     map[asset.Chain]Chain `json:"chains"`
	Pairs      []Pair                `json:"pairs"`
	Locks      Locks                 `json:"locks"`
	// Market is how prices are made, and how much may be promised at them.
	Market Market `json:"market,omitzero"`
	// Waits bound what a swap that does not match waits for; the state machine's own
	// where they are left out.
	Waits Waits `json:"waits,omitzero"`
	// StaffAlone is up to which deposit one member of staff may act on a swap without
	// a second, in coins, by asset; an asset that is left out always needs a second.
	StaffAlone map[asset.ID]string `json:"staff_alone,omitempty"`
}

// Chain is the policy of one chain, in its native asset.
type Chain struct {
	// Confirmations a deposit or payment needs, whatever its amount.
	Confirmations int64 `json:"confirmations"`
	// ReorgLimit is the deepest reorganisation that is followed, in blocks; one
	// that is deeper halts the chain. It may be more than Confirmations: then the
	// count of a confirmed deposit is taken back while its payout is not signed,
	// and the chain halts if it is.
	ReorgLimit int64 `json:"reorg_limit"`
	// SpendDepth is how deep a coin must be before a payment takes it (UTXO chains), at
	// least Confirmations; as deep as these if it is 0. The deeper, the fewer payments a
	// reorganisation takes down with a deposit.
	SpendDepth int64 `json:"spend_depth,omitempty"`
	// BlockSeconds is the usual time between blocks; 0 is the chain's own.
	// StaleAfterSeconds is how long the node may show no new block until that is
	// an alarm; 0 follows from BlockSeconds, see StaleAfter.
	BlockSeconds      int64 `json:"block_seconds,omitempty"`
	StaleAfterSeconds int64 `json:"stale_after_seconds,omitempty"`
	// BirthHeight is the first block worth reading.
	BirthHeight int64 `json:"birth_height"`
	// DustThreshold: a deposit below it touches nothing. It is the least: the threshold
	// follows what spending a deposit costs, up to DustCeiling, which is ten times
	// DustThreshold if it is left out.
	DustThreshold string `json:"dust_threshold"`
	DustCeiling   string `json:"dust_ceiling,omitempty"`
	// NetworkFee is what a quote charges for a payout, RefundFeeMax the most a
	// refund costs the user.
	NetworkFee   string `json:"network_fee"`
	RefundFeeMax string `json:"refund_fee_max"`
	// PaymentFeeMax is the most a transaction of ours may cost, and PaymentMax
	// the most it may pay: the signer refuses above either.
	PaymentFeeMax string `json:"payment_fee_max"`
	PaymentMax    string `json:"payment_max"`
	// LineFeeMax is the most that a transaction may cost, whatever share of its amount that is, for
	// which later ones of the account that pays wait: a quarter of PaymentFeeMax if it is left out, "0" for
	// never more than its share. Only chains of accounts have it.
	LineFeeMax string `json:"line_fee_max,omitempty"`
	// BatchWindowMillis is how long payments are gathered that one transaction then pays,
	// in milliseconds; 0 pays each by itself, at once. Only chains of the UTXO family
	// have it.
	BatchWindowMillis int64 `json:"batch_window_millis,omitempty"`
	// InFlightMax is how many transactions of the account that pays may be in no block at
	// once, 1 to 16; 8 if it is left out. Only chains of accounts have it.
	InFlightMax int `json:"in_flight_max,omitempty"`
	// PaymentsPerHour and PaymentsPerDay are the most that the signer signs for in any
	// hour and any day, FeesPerHour and FeesPerDay the most that it signs for in fees,
	// those of tokens' payments included. Left out they are the signer's own multiples
	// of PaymentMax and PaymentFeeMax.
	PaymentsPerHour string `json:"payments_per_hour,omitempty"`
	PaymentsPerDay  string `json:"payments_per_day,omitempty"`
	FeesPerHour     string `json:"fees_per_hour,omitempty"`
	FeesPerDay      string `json:"fees_per_day,omitempty"`
	// Fees are how its payments are priced.
	Fees Fees `json:"fees,omitzero"`
	// Depth is what larger deposits need.
	Depth
	// Sweep says when the house gathers what is its own.
	Sweep Sweep `json:"sweep,omitzero"`
	// Tokens are the policies of the tokens whose contracts networks pins.
	Tokens map[asset.ID]Token `json:"tokens,omitempty"`
}

// Pair is what one direction of exchange costs and takes.
type Pair struct {
	From asset.ID `json:"from"`
	To   asset.ID `json:"to"`
	// SpreadBasisPoints is taken off the price, ServiceFeeBasisPoints charged
	// openly; a basis point is 0.01 %.
	SpreadBasisPoints     int64 `json:"spread_basis_points"`
	ServiceFeeBasisPoints int64 `json:"service_fee_basis_points"`
	// FloorBasisPoints is what both must come to at least, whoever changes them while
	// liquidityd runs: half of what they are here if it is left out (Floor).
	FloorBasisPoints int64 `json:"floor_basis_points,omitempty"`
	// MinDeposit and MaxDeposit bound one swap, in From.
	MinDeposit string `json:"min_deposit"`
	MaxDeposit string `json:"max_deposit"`
	// RiskMost is how much of From may be promised at once while no deposit is confirmed,
	// net of the opposite direction, in From; no bound if it is left out.
	RiskMost string `json:"risk_most,omitempty"`
}

// Locks says how long things hold.
type Locks struct {
	LockSeconds          int64 `json:"lock_seconds"`
	DepositWindowSeconds int64 `json:"deposit_window_seconds"`
	// VariableWindowSeconds is the deposit's window where no price is locked; 0 for the same.
	VariableWindowSeconds int64 `json:"variable_window_seconds,omitempty"`
	ConfirmWindowSeconds  int64 `json:"confirm_window_seconds"`
	MaxPerClient          int   `json:"max_per_client"`
}

// Waits says how long a swap that does not match waits for each; 0 is the default.
type Waits struct {
	PriceSeconds    int64 `json:"price_seconds,omitempty"`
	AnswerSeconds   int64 `json:"answer_seconds,omitempty"`
	ReminderSeconds int64 `json:"reminder_seconds,omitempty"`
	ApprovalSeconds int64 `json:"approval_seconds,omitempty"`
}

// maxFile bounds what Load reads, in bytes.
const maxFile = 1 << 20

// Load reads and checks the file.
func Load(path string) (Deployment, error) {
	f, err := os.Open(path)
	if err != nil {
		return Deployment{}, fmt.Errorf("read the deployment: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err = errors.Join(err, f.Close()); err != nil {
		return Deployment{}, fmt.Errorf("read %s: %w", path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var d Deployment
	if err := decoder.Decode(&d); err != nil {
		return Deployment{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := d.Validate(); err != nil {
		return Deployment{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Validate names the first setting that is wrong.
func (d Deployment) Validate() error {
	if err := d.Networks.Validate(); err != nil {
		return fmt.Errorf("networks: %w", err)
	}
	if _, err := d.PublicQuoteKeys(); err != nil {
		return err
	}
	if _, err := d.PublicAttestKeys(); err != nil {
		return err
	}
	for _, c := range d.Networks.Chains() {
		chain, ok := d.Chains[c]
		if !ok {
			return fmt.Errorf("chains: %s is missing", c)
		}
		if err := chain.validate(c, d.Networks); err != nil {
			return fmt.Errorf("chains.%s: %w", c, err)
		}
		if _, err := d.SweepAmounts(c); err != nil {
			return err
		}
	}
	if len(d.Chains) != len(d.Networks.Chains()) {
		return errors.New("chains: one is named that Ferry does not know, or that networks does not name")
	}
	for i, p := range d.Pairs {
		if err := p.validate(d.Networks); err != nil {
			return fmt.Errorf("pairs[%d]: %w", i, err)
		}
	}
	l := d.Locks
	if l.LockSeconds <= 0 || l.DepositWindowSeconds <= 0 || l.ConfirmWindowSeconds < l.DepositWindowSeconds || l.MaxPerClient <= 0 {
		return errors.New("locks: all must be positive, and confirm_window_seconds at least deposit_window_seconds")
	}
	w := d.Waits
	if w.PriceSeconds < 0 || w.AnswerSeconds < 0 || w.ReminderSeconds < 0 || w.ApprovalSeconds < 0 {
		return errors.New("waits: none may be negative")
	}
	if _, err := d.Market.TargetUnits(); err != nil {
		return err
	}
	if _, err := d.DepositRules(); err != nil {
		return err
	}
	_, err := d.StaffLimits()
	return err
}

// StaffLimits parses StaffAlone.
func (d Deployment) StaffLimits() (map[asset.ID]asset.Units, error) {
	limits := make(map[asset.ID]asset.Units, len(d.StaffAlone))
	for id, text := range d.StaffAlone {
		a, err := asset.ParseDecimal(id, text)
		if err != nil {
			return nil, fmt.Errorf("staff_alone.%.20s: %w", id, err)
		}
		limits[id] = a.Units
	}
	return limits, nil
}

// RefundFees are what a refund costs its owner where a swap's own terms don't say,
// because the deposit came in another asset: by asset, in its base units.
func (d Deployment) RefundFees() (map[asset.ID]asset.Units, error) {
	fees := make(map[asset.ID]asset.Units, len(d.Chains))
	for _, a := range d.Networks.Assets() {
		amounts, err := d.AmountsOf(a.ID)
		if err != nil {
			return nil, err
		}
		fees[a.ID] = amounts.RefundFeeMax
	}
	return fees, nil
}

func (c Chain) validate(name asset.Chain, n asset.Networks) error {
	if c.Confirmations < 1 || c.ReorgLimit < 0 || c.ReorgLimit > reorgMost || c.BirthHeight < 0 {
		return fmt.Errorf("confirmations must be at least 1, reorg_limit 0 to %d, birth_height not negative", reorgMost)
	}
	if c.SpendDepth != 0 && (c.SpendDepth < c.Confirmations || c.SpendDepth > spendDepthMost) {
		return fmt.Errorf("spend_depth must be at least the confirmations %d and at most %d, or left out", c.Confirmations, spendDepthMost)
	}
	if err := c.Fees.validate(name); err != nil {
		return err
	}
	if c.BlockSeconds < 0 || c.StaleAfterSeconds < 0 {
		return errors.New("block_seconds and stale_after_seconds must not be negative")
	}
	if c.BatchWindowMillis < 0 || c.BatchWindow() > batchWindowMost || c.BatchWindowMillis > 0 && name.Family() != asset.UTXO {
		return fmt.Errorf("batch_window_millis: 0 to %d, and on %s transactions that pay several exist only if it is of the UTXO family",
			batchWindowMost.Milliseconds(), name)
	}
	if c.InFlightMax < 0 || c.InFlightMax > inFlightMost || c.InFlightMax > 0 && name.Family() != asset.Account {
		return fmt.Errorf("in_flight_max: 1 to %d, or left out, and only a chain of accounts has it", inFlightMost)
	}
	for field, text := range map[string]string{"dust_threshold": c.DustThreshold, "network_fee": c.NetworkFee,
		"refund_fee_max": c.RefundFeeMax, "payment_fee_max": c.PaymentFeeMax, "payment_max": c.PaymentMax} {
		if _, err := c.amount(name, text); err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	floor, err := c.amount(name, c.DustThreshold)
	if err != nil {
		return fmt.Errorf("dust_threshold: %w", err)
	}
	if name == asset.BitcoinCash && floor.Less(asset.NewUnits(cashDustLeast)) {
		return fmt.Errorf("dust_threshold: below %d sat a coin of Bitcoin Cash may carry tokens and is never spent, so it must not count", cashDustLeast)
	}
	if _, err := c.dustCeiling(name, floor); err != nil {
		return fmt.Errorf("dust_ceiling: %w", err)
	}
	most, err := c.amount(name, c.PaymentFeeMax)
	if err != nil {
		return fmt.Errorf("payment_fee_max: %w", err)
	}
	if _, err := c.lineFeeMax(name, most); err != nil {
		return fmt.Errorf("line_fee_max: %w", err)
	}
	if err := c.overTime(name, &Amounts{}); err != nil {
		return err
	}
	return c.validateTokens(name, n)
}

// batchWindowMost is the longest that payments are gathered: users wait for it.
const batchWindowMost = 10 * time.Minute

// inFlightMost is how many transactions of one account nodes keep for certain (geth's
// AccountSlots).
const inFlightMost = 16

// BatchWindow is how long payments are gathered.
func (c Chain) BatchWindow() time.Duration {
	return time.Duration(c.BatchWindowMillis) * time.Millisecond
}

// cashDustLeast is the least coin that the adapter of Bitcoin Cash spends, in satoshi.
const cashDustLeast = 1001

// reorgMost is the deepest reorganisation that can be allowed: the hot wallet keeps
// the newest 500 blocks to find a fork by.
const reorgMost = 400

// spendDepthMost is a week of Bitcoin's blocks.
const spendDepthMost = 1000

// blockSeconds is each chain's own pace.
var blockSeconds = map[asset.Chain]int64{asset.Bitcoin: 600, asset.Litecoin: 150, asset.BitcoinCash: 600, asset.Ethereum: 12}

// StaleAfter is how long a node may show no new block: thirty block times, at
// least 30 s and at most 5 min, but never less than six block times, within which
// a chain of random blocks brings none only once in four hundred.
func (d Deployment) StaleAfter(name asset.Chain) time.Duration {
	c := d.Chains[name]
	if c.StaleAfterSeconds > 0 {
		return time.Duration(c.StaleAfterSeconds) * time.Second
	}
	pace := time.Duration(c.BlockSeconds) * time.Second
	if pace == 0 {
		pace = time.Duration(blockSeconds[name]) * time.Second
	}
	return max(min(max(30*pace, 30*time.Second), 5*time.Minute), 6*pace)
}

func (c Chain) amount(name asset.Chain, text string) (asset.Units, error) {
	native, ok := name.Native()
	if !ok {
		return asset.Units{}, fmt.Errorf("chain %s is not known", name)
	}
	a, err := asset.ParseDecimal(native.ID, text)
	return a.Units, err
}

func (p Pair) validate(n asset.Networks) error {
	for _, id := range []asset.ID{p.From, p.To} {
		if !slices.ContainsFunc(n.Assets(), func(a asset.Asset) bool { return a.ID == id }) {
			return fmt.Errorf("asset %q is not known, or networks does not name its chain or contract", id)
		}
	}
	least, err := asset.ParseDecimal(p.From, p.MinDeposit)
	if err != nil {
		return fmt.Errorf("min_deposit: %w", err)
	}
	most, err := asset.ParseDecimal(p.From, p.MaxDeposit)
	if err != nil {
		return fmt.Errorf("max_deposit: %w", err)
	}
	if p.From == p.To || most.Units.Less(least.Units) || p.SpreadBasisPoints < 0 || p.ServiceFeeBasisPoints < 0 {
		return errors.New("from and to must differ, min_deposit be at most max_deposit, basis points not negative")
	}
	if both := p.SpreadBasisPoints + p.ServiceFeeBasisPoints; p.FloorBasisPoints < 0 || p.FloorBasisPoints > both {
		return fmt.Errorf("floor_basis_points: %d is not from 0 to the %d that spread and fee come to", p.FloorBasisPoints, both)
	}
	return nil
}

// Floor is what spread and service fee come to at least, in basis points: half of what they
// are in the file, rounded up, where it names none.
func (p Pair) Floor() int64 {
	if p.FloorBasisPoints > 0 {
		return p.FloorBasisPoints
	}
	return (p.SpreadBasisPoints + p.ServiceFeeBasisPoints + 1) / 2
}

// Amounts of an asset's policy, which Validate has parsed before. PaymentFeeMax is in
// the chain's own asset, the others are in the asset itself.
type Amounts struct {
	DustThreshold, DustCeiling, NetworkFee, RefundFeeMax, PaymentFeeMax, PaymentMax asset.Units
	// LineFeeMax is zero where there is none.
	LineFeeMax asset.Units
	// Limits over time are zero where the deployment names none. A token has none of
	// fees.
	PaymentsPerHour, PaymentsPerDay, FeesPerHour, FeesPerDay asset.Units
}

// Amounts parses the policy of one chain's own asset; AmountsOf that of any asset.
func (d Deployment) Amounts(name asset.Chain) (Amounts, error) {
	c, ok := d.Chains[name]
	if !ok {
		return Amounts{}, fmt.Errorf("chain %q is not in the deployment", name)
	}
	var a Amounts
	for _, f := range []struct {
		text string
		into *asset.Units
	}{{c.DustThreshold, &a.DustThreshold}, {c.NetworkFee, &a.NetworkFee}, {c.RefundFeeMax, &a.RefundFeeMax},
		{c.PaymentFeeMax, &a.PaymentFeeMax}, {c.PaymentMax, &a.PaymentMax}} {
		u, err := c.amount(name, f.text)
		if err != nil {
			return Amounts{}, err
		}
		*f.into = u
	}
	var err error
	if a.DustCeiling, err = c.dustCeiling(name, a.DustThreshold); err != nil {
		return a, err
	}
	if a.LineFeeMax, err = c.lineFeeMax(name, a.PaymentFeeMax); err != nil {
		return a, err
	}
	return a, c.overTime(name, &a)
}

// lineFeeShare is LineFeeMax where none is given, as a part of PaymentFeeMax.
const lineFeeShare = 4

func (c Chain) lineFeeMax(name asset.Chain, fee asset.Units) (asset.Units, error) {
	switch {
	case name.Family() != asset.Account && c.LineFeeMax != "":
		return asset.Units{}, errors.New("only a chain of accounts has it")
	case name.Family() != asset.Account:
		return asset.Units{}, nil
	case c.LineFeeMax == "":
		return fee.MulDiv(big.NewInt(1), big.NewInt(lineFeeShare), asset.Down)
	}
	most, err := c.amount(name, c.LineFeeMax)
	if err == nil && fee.Less(most) {
		err = errors.New("it must be at most payment_fee_max")
	}
	return most, err
}

// dustCeilingTimes is the ceiling where none is given, as a multiple of the floor.
const dustCeilingTimes = 10

func (c Chain) dustCeiling(name asset.Chain, floor asset.Units) (asset.Units, error) {
	if c.DustCeiling == "" {
		return floor.MulDiv(big.NewInt(dustCeilingTimes), big.NewInt(1), asset.Up)
	}
	ceiling, err := c.amount(name, c.DustCeiling)
	if err == nil && ceiling.Less(floor) {
		err = errors.New("dust_ceiling must not be below dust_threshold")
	}
	return ceiling, err
}

// PublicQuoteKeys are the keys trusted to sign quotes.
func (d Deployment) PublicQuoteKeys() (swap.PublicKeys, error) {
	return keys("quote_keys", d.QuoteKeys)
}

// PublicAttestKeys are the keys trusted to sign receipts.
func (d Deployment) PublicAttestKeys() (swap.PublicKeys, error) {
	return keys("attest_keys", d.AttestKeys)
}

func keys(field string, texts []string) (swap.PublicKeys, error) {
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s: at least one public key is needed", field)
	}
	parsed, err := swap.ParsePublicKeys(texts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return parsed, nil
}

// LockFor is how long a quote is held.
func (l Locks) LockFor() time.Duration { return time.Duration(l.LockSeconds) * time.Second }
