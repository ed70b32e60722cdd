package signer

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

// The example of EIP-155, whole: what is signed, and the signed bytes.
func TestEIP155(t *testing.T) {
	t.Parallel()
	key, err := crypto.ToECDSA(bytes.Repeat([]byte{0x46}, 32))
	if err != nil {
		t.Fatal(err)
	}
	to := common.HexToAddress("0x3535353535353535353535353535353535353535")
	tx := types.NewTx(&types.LegacyTx{Nonce: 9, GasPrice: big.NewInt(20_000_000_000), Gas: 21_000, To: &to, Value: big.NewInt(1_000_000_000_000_000_000)})
	scheme := types.LatestSignerForChainID(big.NewInt(1))
	if got := scheme.Hash(tx).Hex(); got != "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53" {
		t.Errorf("signing hash %s", got)
	}
	signed, err := types.SignTx(tx, scheme, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	const want = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025" +
		"a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276" +
		"a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
	if hex.EncodeToString(raw) != want {
		t.Errorf("%x, want %s", raw, want)
	}
}

// go-ethereum's vector of EIP-2930 (core/types, TestEIP2718TransactionSigHash).
func TestEIP2930(t *testing.T) {
	t.Parallel()
	to := common.HexToAddress("0xb94f5374fce5edbc8e2a8697c15331677e6ebf0b")
	tx := types.NewTx(&types.AccessListTx{ChainID: big.NewInt(1), Nonce: 3, To: &to, Value: big.NewInt(10), Gas: 25_000,
		GasPrice: big.NewInt(1), Data: common.FromHex("5544")})
	if got := types.LatestSignerForChainID(big.NewInt(1)).Hash(tx).Hex(); got != "0x49b486f0ec0a60dfbbca2d30cb07c9e8ffb2a2ff41f29a1ab6737475f6ff69f3" {
		t.Errorf("signing hash %s", got)
	}
}

// What is signed of a token's transfer is keccak256(0x02 || rlp([chain id, nonce, tip,
// fee cap, gas, to, value, data, access list])), as EIP-1559 writes it; put together here
// by hand.
func TestEIP1559(t *testing.T) {
	t.Parallel()
	tx := tokenTransfer(11, usdtContract, 250_000_000)
	fields, err := rlp.EncodeToBytes([]any{uint64(1337), uint64(11), tx.GasTipCap, tx.GasFeeCap, tx.Gas, common.FromHex(usdtContract),
		uint64(0), tx.Data, []any{}})
	if err != nil {
		t.Fatal(err)
	}
	want := crypto.Keccak256Hash([]byte{2}, fields)
	if got := types.LatestSignerForChainID(big.NewInt(1337)).Hash(types.NewTx(tx)); got != want {
		t.Errorf("signing hash %s, want %s", got, want)
	}
	const data = "a9059cbb0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed000000000000000000000000000000000000000000000000000000000ee6b280"
	if got := hex.EncodeToString(tx.Data); got != data {
		t.Errorf("calldata %s, want %s", got, data)
	}
}

// Only dynamic-fee transactions are ours.
func TestOtherKindsAreRefused(t *testing.T) {
	t.Parallel()
	to := common.HexToAddress("0x3535353535353535353535353535353535353535")
	for name, tx := range map[string]types.TxData{
		"EIP-155":  &types.LegacyTx{Gas: 21_000, GasPrice: big.NewInt(1), To: &to, Value: big.NewInt(1)},
		"EIP-2930": &types.AccessListTx{ChainID: big.NewInt(1337), Gas: 21_000, GasPrice: big.NewInt(1), To: &to, Value: big.NewInt(1)},
	} {
		raw, err := types.NewTx(tx).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeEthereum(raw); err == nil {
			t.Errorf("%s: it decodes", name)
		}
	}
}
