package signer

import (
	"bytes"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/common"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// What decodes is encoded by exactly these bytes, and is within the limits.
func FuzzDecodeUTXO(f *testing.F) {
	d := newDesk(f, f.TempDir())
	f.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Add(d.spendCoins(f, d.authority(f, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x", "y").GetUnsignedTx())
	f.Add([]byte{2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := decodeUTXO(asset.Bitcoin, raw)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := tx.SerializeNoWitness(&again); err != nil || !bytes.Equal(again.Bytes(), raw) {
			t.Fatalf("%x is encoded as %x (%v)", raw, again.Bytes(), err)
		}
		if len(tx.TxIn) == 0 || len(tx.TxIn) > maxInputs || tx.LockTime != 0 || tx.HasWitness() {
			t.Fatalf("%x is outside of the limits", raw)
		}
	})
}

// What decodes as a previous transaction has the txid of its bytes.
func FuzzDecodePrevious(f *testing.F) {
	key := keys.Key{Script: append([]byte{0, 20}, make([]byte, 20)...)}
	plain := coin("seed", key, 1000)
	f.Add(wireBytes(f, plain))
	plain.TxIn[0].Witness = wire.TxWitness{{1}, {2}}
	f.Add(wireBytes(f, plain))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := decodePrevious(raw)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := tx.Serialize(&again); err != nil {
			t.Fatal(err)
		}
		second, err := decodePrevious(again.Bytes())
		if err != nil || second.TxHash() != tx.TxHash() {
			t.Fatalf("%x does not survive encoding: %v", raw, err)
		}
	})
}

func FuzzDecodeEthereum(f *testing.F) {
	f.Add(sendEther(f, nil, transfer(3, payoutWei())).GetUnsignedTx())
	f.Add(sendEther(f, nil, tokenTransfer(3, usdtContract, 5)).GetUnsignedTx())
	f.Add([]byte{2, 0xc0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := decodeEthereum(raw)
		if err != nil {
			return
		}
		again, err := tx.MarshalBinary()
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%x is encoded as %x (%v)", raw, again, err)
		}
		if tx.To() == nil || len(tx.AccessList()) != 0 {
			t.Fatalf("%x does more than pay", raw)
		}
		if len(tx.Data()) == 0 {
			return
		}
		paid, err := readTransfer(tx)
		if err != nil || tx.Value().Sign() != 0 || paid.contract != tx.To().Hex() ||
			!bytes.Equal(tx.Data(), slices.Concat(transferCall, make([]byte, 12), common.HexToAddress(paid.to).Bytes(), common.LeftPadBytes(paid.units.Big().Bytes(), 32))) {
			t.Fatalf("%x is read as %+v (%v)", raw, paid, err)
		}
	})
}

// What parses is written in the one form, and derives to that path.
func FuzzParsePath(f *testing.F) {
	ring, err := newKeyring(everyChain, bytes.Repeat([]byte{1}, seedSize))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{"m/84'/1'/0'/0/7", "m/84'/1'/1'/1/0", senderPath, "m/84'/1'/0'/0/07", "m/84'/2'/0'/0/1", "m/44'/145'/1'/1/2"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, chain := range asset.Chains() {
			at, err := parsePath(everyChain, chain, path)
			if err != nil {
				continue
			}
			key, err := ring.derive(at)
			if err != nil || key.Path != path {
				t.Fatalf("%q is read as the path of %q (%v)", path, key.Path, err)
			}
		}
	})
}

// Whatever is handed in beside quote and receipt: a payment is authorised only by
// the very documents that were signed for it.
func FuzzAmendments(f *testing.F) {
	d := newDesk(f, f.TempDir())
	f.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			f.Error(err)
		}
	})
	s := d.amended(f, asset.ETH, asset.BTC, asking)
	open := d.amended(f, asset.BTC, asset.ETH, leftOpen)
	deposits := s.half("a")
	consent := s.consent(f, deposits[0].GetDepositId(), halfSat, nil)
	requote := s.requote(f, deposits, func(r *swap.Requote) { r.ConsentHash = swap.HashDocument(consent) })
	address := open.refundAddress(f, d.userBitcoin, nil)
	f.Add(requote, consent, "")
	f.Add("", "", address)
	f.Add(requote, consent, address)
	f.Add(consent, requote, s.signedReceipt)
	f.Add(tampered(requote), tampered(consent), tampered(address))
	f.Fuzz(func(t *testing.T, signedRequote, signedConsent, signedAddress string) {
		payout := s.authority(swap.PurposePayout, deposits, signedRequote)
		refund := open.authority(swap.PurposeRefund, uses(depositID(asset.Bitcoin, "a"), open.quote.Deposit.Units), signedRequote)
		for _, a := range []*ferryv1.Authority{payout, refund} {
			a.SignedConsent, a.SignedRefundAddress = signedConsent, signedAddress
			c, err := d.signer.authorise(asset.Bitcoin, d.attested(t, a))
			if err != nil {
				continue
			}
			byRequote := signedRequote == requote && signedConsent == consent && signedAddress == ""
			byAddress := signedRequote == "" && signedConsent == "" && signedAddress == address
			if c.purpose == swap.PurposePayout && !byRequote || c.purpose == swap.PurposeRefund && !byAddress {
				t.Fatalf("%s was authorised by %q, %q, %q", c.key, signedRequote, signedConsent, signedAddress)
			}
		}
	})
}

func FuzzDepositID(f *testing.F) {
	f.Add(depositID(asset.Bitcoin, "a"))
	f.Add(depositID(asset.Ethereum, "a"))
	f.Fuzz(func(t *testing.T, id string) {
		if validDepositID(asset.Bitcoin, id) && (len(id) < 8+64+2 || len(id) > 8+64+1+10) {
			t.Fatalf("%q is no deposit id", id)
		}
	})
}
