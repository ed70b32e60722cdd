package signer

import (
	"bytes"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

func TestSameRequestGetsTheSameBytesAfterReopening(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	bitcoin := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x", "y")
	ether := sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "b"), transfer(0, payoutWei()))
	first, err := d.signBitcoin(bitcoin)
	if err != nil {
		t.Fatal(err)
	}
	firstEther, err := d.signEthereum(ether)
	if err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
	again, err := d.signBitcoin(bitcoin)
	if err != nil || !proto.Equal(first, again) {
		t.Errorf("bitcoin: %v, %v; want what was answered first", again, err)
	}
	if again, err := d.signEthereum(ether); err != nil || !proto.Equal(firstEther, again) {
		t.Errorf("ethereum: %v, %v; want what was answered first", again, err)
	}
	if n := d.signedCount(t); n != 2 {
		t.Errorf("%d signatures are recorded, want 2: a replay is none", n)
	}
}

func (d *desk) signedCount(t swaptest.Reporter) (n int) {
	t.Helper()
	err := d.signer.memory.db.View(func(tx *bolt.Tx) error {
		n = tx.Bucket(bucketSigned).Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

func TestAttemptsOfOneAuthorityConflict(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "anchor", "y")); err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, 2*feeSat, "z", "anchor")); err != nil {
		t.Errorf("a replacement with the anchor second: %v", err)
	}
	for name, coins := range map[string][]string{"other coins": {"q"}, "the second coin of the first": {"y"}, "that of the replacement": {"z"}} {
		_, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, 3*feeSat, coins...))
		if err == nil {
			t.Fatalf("%s: signed", name)
		}
		wantRefusal(t, err, "unsigned_tx", "does not conflict")
	}

	b := d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "b")
	if _, err := d.signEthereum(sendEther(t, b, transfer(4, payoutWei()))); err != nil {
		t.Fatal(err)
	}
	dearer := transfer(4, payoutWei())
	dearer.GasFeeCap = big.NewInt(6_000_000_000)
	if _, err := d.signEthereum(sendEther(t, b, dearer)); err != nil {
		t.Errorf("a replacement with the same nonce: %v", err)
	}
	_, err := d.signEthereum(sendEther(t, b, transfer(5, payoutWei())))
	wantRefusal(t, err, "unsigned_tx", "does not conflict")
}

// What one authority has used, another must not.
func TestWhatIsUsedUpBelongsToOneAuthority(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	q := quote(asset.ETH, asset.BTC)
	r := d.receipt(q)
	a := &ferryv1.Authority{Purpose: "payout", Deposits: uses(depositID(asset.Ethereum, "a"), q.Deposit.Units), FencingToken: 7}
	a.SignedQuote, a.SignedReceipt = d.signTerms(t, q, r)
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "x")); err != nil {
		t.Fatal(err)
	}
	with := func(change func(a *ferryv1.Authority)) *ferryv1.Authority {
		b := proto.Clone(a).(*ferryv1.Authority)
		change(b)
		return b
	}
	otherSwap := r
	otherSwap.SwapID = d.receipt(q).SwapID
	otherAddress := r
	otherAddress.PayoutAddress = d.key(t, 0, 0, 0).Address
	otherQuote := quote(asset.ETH, asset.BTC)
	sameSwap := d.receipt(otherQuote)
	sameSwap.SwapID = r.SwapID

	t.Run("a quote pays one swap", func(t *testing.T) {
		b := with(func(b *ferryv1.Authority) { b.SignedQuote, b.SignedReceipt = d.signTerms(t, q, otherSwap) })
		_, err := d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "x"))
		wantRefusal(t, err, "authority", "other terms")
	})
	t.Run("a swap is paid once", func(t *testing.T) {
		b := with(func(b *ferryv1.Authority) {
			b.SignedQuote, b.SignedReceipt = d.signTerms(t, otherQuote, sameSwap)
			b.Deposits[0].DepositId = depositID(asset.Ethereum, "b")
		})
		_, err := d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "y"))
		wantRefusal(t, err, "authority.signed_receipt", "paid out from another quote")
	})
	t.Run("a second receipt with another address", func(t *testing.T) {
		b := with(func(b *ferryv1.Authority) { b.SignedQuote, b.SignedReceipt = d.signTerms(t, q, otherAddress) })
		user := d.userBitcoin
		d.userBitcoin = otherAddress.PayoutAddress
		req := d.spendCoins(t, b, payoutSat, feeSat, "x")
		d.userBitcoin = user
		_, err := d.signBitcoin(req)
		wantRefusal(t, err, "authority", "other terms")
	})
	t.Run("the deposit is fixed", func(t *testing.T) {
		b := with(func(b *ferryv1.Authority) { b.Deposits[0].DepositId = depositID(asset.Ethereum, "b") })
		_, err := d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "x"))
		wantRefusal(t, err, "authority", "other terms")
		b = with(func(b *ferryv1.Authority) { b.Deposits[0].Units = "250000000000000001" })
		_, err = d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "x"))
		wantRefusal(t, err, "authority", "other terms")
	})
	t.Run("a deposit paid out is not refunded", func(t *testing.T) {
		b := with(func(b *ferryv1.Authority) { b.Purpose = "refund" })
		_, err := d.signEthereum(sendEther(t, b, transfer(0, payoutWei())))
		wantRefusal(t, err, "authority.deposits.deposit_id", "used up")
	})
	t.Run("a deposit pays out one quote", func(t *testing.T) {
		b := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
		_, err := d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "y"))
		wantRefusal(t, err, "authority.deposits.deposit_id", "used up")
	})
	t.Run("a coin", func(t *testing.T) {
		b := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "c")
		_, err := d.signBitcoin(d.spendCoins(t, b, payoutSat, feeSat, "y", "x"))
		wantRefusal(t, err, "unsigned_tx", "coin or nonce was signed for another")
	})
}

func TestDepositRefundedIsNotPaidOut(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	refund := d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, "a")
	if _, err := d.signEthereum(sendEther(t, refund, transfer(0, payoutWei()))); err != nil {
		t.Fatal(err)
	}
	payout := proto.Clone(refund).(*ferryv1.Authority)
	payout.Purpose = "payout"
	_, err := d.signBitcoin(d.spendCoins(t, payout, payoutSat, feeSat, "x"))
	wantRefusal(t, err, "authority.deposits.deposit_id", "used up")
	less := new(big.Int).Sub(payoutWei(), big.NewInt(1))
	_, err = d.signEthereum(sendEther(t, refund, transfer(0, less)))
	wantRefusal(t, err, "authority", "other terms")
	other := d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "b")
	_, err = d.signEthereum(sendEther(t, other, transfer(0, payoutWei())))
	wantRefusal(t, err, "unsigned_tx", "coin or nonce was signed for another")
}

func TestOlderLeaseIsRefused(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	sign := func(token uint64, coins ...string) error {
		a.FencingToken = token
		_, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, coins...))
		return err
	}
	if err := sign(8, "x"); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, sign(7, "y"), "authority.fencing_token", "older")
	// What was signed is kept back, and not said to be unsigned: the caller would give up its coins.
	swaptest.WantRefusal(t, sign(7, "x"), swap.CodeUnavailable, "authority.fencing_token", "signed before")
	// A refused request's token counts too: its sender holds the newer lease.
	wantRefusal(t, sign(9, "y"), "unsigned_tx", "does not conflict")
	d.reopen(t)
	wantRefusal(t, sign(8, "y"), "authority.fencing_token", "older")
	if err := sign(9, "x"); err != nil {
		t.Fatal(err)
	}
	// The other chain's lease is its own.
	b := d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "b")
	if _, err := d.signEthereum(sendEther(t, b, transfer(0, payoutWei()))); err != nil {
		t.Errorf("the other chain: %v", err)
	}
}

// The attempts of one anchor are limited, and those of the next are counted anew.
func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a")
	var dead []string
	nonce := uint64(0)
	attempt := func(i int64) error {
		tx := transfer(nonce, payoutWei())
		tx.GasFeeCap = big.NewInt(3_000_000_000 + i)
		req := sendEther(t, a, tx)
		req.SignedDeaths = dead
		_, err := d.signEthereum(req)
		return err
	}
	for i := range int64(maxAttempts) {
		if err := attempt(i); err != nil {
			t.Fatal(err)
		}
	}
	wantRefusal(t, attempt(maxAttempts), "unsigned_tx", "Too many transactions")
	if err := attempt(0); err != nil {
		t.Errorf("a replay: %v", err)
	}
	nonce, dead = 1, []string{d.death(t, asset.Ethereum, d.nonceID(t, "0"), foreignTxID, nil)}
	for i := range int64(maxAttempts) {
		if err := attempt(i); err != nil {
			t.Fatalf("attempt %d of the next anchor: %v", i, err)
		}
	}
	wantRefusal(t, attempt(maxAttempts), "unsigned_tx", "Too many transactions")
}

// A failure between the decision and the commit releases nothing and leaves
// nothing: afterwards the authority is as free as before.
func TestNothingIsReleasedWithoutItsRecord(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	crash := errors.New("disk full")
	d.signer.memory.beforeCommit = func() error { return crash }
	res, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "x"))
	if swap.ErrorCode(err) != swap.CodeInternal || res != nil {
		t.Fatalf("answer is %v, %v; want an internal error and no transaction", res, err)
	}
	if strings.Contains(err.Error(), crash.Error()) {
		t.Errorf("error %q tells the caller what is for the log", err)
	}
	d.signer.memory.beforeCommit = nil
	d.reopen(t)
	if n := d.signedCount(t); n != 0 {
		t.Fatalf("%d signatures are recorded, want none", n)
	}
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "other")); err != nil {
		t.Errorf("another anchor after the failure: %v", err)
	}
}

func TestMemoryBelongsToItsSeedAndOneProcess(t *testing.T) {
	t.Parallel()
	d, other := deskFor(t), deskFor(t)
	if _, err := Open(d.config); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second signer on the same memory: %v", err)
	}
	path := filepath.Join(d.config.Dir, memoryName)
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.signer.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	defer d.open(t)
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer restore(t, path, kept)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(d.config); err == nil || !strings.Contains(err.Error(), "memory.db is missing") {
		t.Errorf("without a memory: %v", err)
	}
	if err := memoryKind.Create(path, other.signer.ring.fingerprint()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(d.config); err == nil || !strings.Contains(err.Error(), "another seed or network") {
		t.Errorf("with the memory of another seed: %v", err)
	}
	restore(t, path, bytes.Repeat([]byte("no database "), 1000))
	if _, err := Open(d.config); err == nil {
		t.Error("a file that is no memory was opened")
	}
}

func restore(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
