package simulation

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"ferry/swap"
	"ferry/swap/asset"
)

// user is somebody with a swap.
type user struct {
	terms swap.Terms
	on    asset.Chain
	// silent users answer no questions, homeless ones name no refund address later.
	silent, homeless bool
	// answers are all they gave, signed; refundSet is the address they named later.
	answers                 []string
	refundSet, signedRefund string
	// elsewhere is where what came on the sibling's chain goes back to, back where what
	// came in another asset of its own chain does while there is no refund address.
	elsewhere, back string
}

func (u *user) id() string { return u.terms.Receipt.SwapID }

// created is what the gateway tells of the swap.
func (u *user) created() swap.Fact {
	return swap.Fact{Kind: swap.FactSwapCreated, SwapID: u.id(), At: u.terms.Receipt.IssuedAt,
		Created: &swap.CreatedFact{SignedQuote: u.terms.SignedQuote, SignedReceipt: u.terms.SignedReceipt}}
}

var (
	quoteKey, attestKey   = seedKey("quote"), seedKey("attest")
	quoteKeys, attestKeys = public(quoteKey), public(attestKey)
)

func seedKey(name string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(sum[:])
}

func public(key ed25519.PrivateKey) swap.PublicKeys {
	pub := key.Public().(ed25519.PublicKey)
	return swap.PublicKeys{swap.KeyID(pub): pub}
}

// dice is randomness for ids, from the seed.
type dice struct{ w *World }

// Read implements io.Reader.
func (d dice) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(d.w.rng.Uint32())
	}
	return len(b), nil
}

func (w *World) newID(prefix string) string {
	return prefix + "_" + strings.ToLower(ulid.MustNew(ulid.Timestamp(w.now), dice{w}).String())
}

// create is a user who locks a quote and creates a swap: an address is issued and
// watched, and the gateway tells of it.
func (w *World) create() {
	from := one(w, swapped)
	to := one(w, slices.DeleteFunc(slices.Clone(swapped), func(id asset.ID) bool { return id == from }))
	on, payOn := asset.MustLookup(from).Chain, asset.MustLookup(to).Chain
	now := swap.Millis(w.now)
	confirm := one(w, []time.Duration{2 * time.Hour, 24 * time.Hour})
	q := swap.Quote{ID: w.newID(swap.QuotePrefix), Pair: asset.Pair{From: from, To: to},
		Deposit: w.about(from), Payout: w.about(to), Rate: "28.2",
		ServiceFee: asset.Amount{Asset: to, Units: asset.NewUnits(w.rng.Uint64N(3) * 700)}, NetworkFee: asset.Amount{Asset: to, Units: asset.NewUnits(500)},
		RefundFeeMax: asset.Amount{Asset: from, Units: w.of(from).refundFee}, IssuedAt: now, AcceptBy: now.Add(time.Minute),
		DepositWindowSeconds: 1200, ConfirmWindowSeconds: int64(confirm.Seconds())}
	if w.seed%variableEvery == variableEvery-1 && len(w.users)%2 == 0 {
		leaveOpen(&q)
		if longer := int64(w.seed/variableEvery%2) * variableLonger; longer > 0 {
			q.DepositWindowSeconds, q.ConfirmWindowSeconds = q.DepositWindowSeconds+longer, q.ConfirmWindowSeconds+longer
		}
	}
	r := swap.Receipt{SwapID: w.newID(swap.SwapPrefix), DepositAddress: w.chains[on].NewAddress(),
		PayoutAddress: w.chains[payOn].NewAddress(), RefundAddress: w.chains[on].NewAddress(), Policy: w.drawPolicy(),
		SecretHash: fmt.Sprintf("%064d", 0), IssuedAt: now}
	if w.chance(2) {
		r.RefundAddress = ""
	}
	u := w.open(q, r)
	u.silent, u.homeless = w.chance(4), w.chance(4)
}

// open signs a quote and the receipt of its swap, completed by what follows from the
// quote; the address is issued and watched, and the gateway tells of the swap.
func (w *World) open(q swap.Quote, r swap.Receipt) *user {
	signedQuote, err := swap.SignQuote(q, quoteKey)
	must(err)
	on := asset.MustLookup(q.Pair.From).Chain
	r.QuoteID, r.QuoteHash, r.DepositChain, r.DepositAsset, r.DepositPath = q.ID, swap.HashDocument(signedQuote), on, q.Pair.From, "m/84'/1'/0'/0/0"
	r.DepositBy = r.IssuedAt.Add(time.Duration(q.DepositWindowSeconds) * time.Second)
	r.ConfirmBy = r.IssuedAt.Add(time.Duration(q.ConfirmWindowSeconds) * time.Second)
	signedReceipt, err := swap.SignReceipt(r, attestKey)
	must(err)
	for _, watching := range w.watching(on) {
		must(w.hot[watching].store.Issue(r.DepositAddress, r.SwapID))
		w.hot[watching].set.Add(r.DepositAddress)
	}
	u := &user{on: on, terms: swap.Terms{Quote: q, Receipt: r, SignedQuote: signedQuote, SignedReceipt: signedReceipt},
		elsewhere: w.chains[sibling(on)].NewAddress(), back: w.chains[on].NewAddress()}
	w.gateway.put(u.created())
	w.users = append(w.users, u)
	w.tell("swap %d: %s: send %s, get %s", len(w.users)-1, r.SwapID, q.Deposit, q.Payout)
	return u
}

// about is an amount that is usual of an asset, give or take.
func (w *World) about(id asset.ID) asset.Amount {
	return asset.Amount{Asset: id, Units: add(w.of(id).typical, asset.NewUnits(w.rng.Uint64N(1000)))}
}

func add(a, b asset.Units) asset.Units {
	sum, err := a.Add(b)
	must(err)
	return sum
}

// less is a-b, at least 1.
func less(a, b asset.Units) asset.Units {
	rest, err := a.Sub(b)
	if err != nil || rest.IsZero() {
		return asset.NewUnits(1)
	}
	return rest
}
