package keys_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"pgregory.net/rapid"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// BIP84's and BIP44's customary example: "abandon" eleven times, then "about".
const exampleSeed = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"

// Of BIP32's test vector 1: the master key, and its child m/0'/1.
const (
	masterKey  = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
	plainChild = "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ"
)

var mainnet = asset.Networks{Bitcoin: "mainnet", Litecoin: "mainnet", BitcoinCash: "mainnet", EthereumChainID: 1}

// fileOf derives the extended public keys of the example seed.
func fileOf(t *testing.T, n asset.Networks) keys.File {
	t.Helper()
	params, err := n.BitcoinParams()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := hex.DecodeString(exampleSeed)
	if err != nil {
		t.Fatal(err)
	}
	master, err := hdkeychain.NewMaster(seed, params)
	if err != nil {
		t.Fatal(err)
	}
	xpub := func(indices ...uint32) string {
		key := master
		for _, index := range indices {
			if key, err = key.Derive(hardened + index); err != nil {
				t.Fatal(err)
			}
		}
		public, err := key.Neuter()
		if err != nil {
			t.Fatal(err)
		}
		return public.String()
	}
	coin := uint32(1)
	if n.Bitcoin == "mainnet" {
		coin = 0
	}
	return keys.File{BitcoinDeposit: xpub(84, coin, 0), BitcoinHot: xpub(84, coin, 1), EthereumDeposit: xpub(44, 60, 0), EthereumHot: xpub(44, 60, 1),
		LitecoinDeposit: xpub(84, 2, 0), LitecoinHot: xpub(84, 2, 1), BitcoinCashDeposit: xpub(44, 145, 0), BitcoinCashHot: xpub(44, 145, 1)}
}

func parse(n asset.Networks, f keys.File) (keys.Accounts, error) {
	raw, err := json.Marshal(f)
	if err != nil {
		return keys.Accounts{}, err
	}
	return keys.ParseAccounts(n, raw)
}

func mustParse(t *testing.T, n asset.Networks) keys.Accounts {
	t.Helper()
	accounts, err := parse(n, fileOf(t, n))
	if err != nil {
		t.Fatal(err)
	}
	return accounts
}

// The vectors of BIP84; for Litecoin, Bitcoin Cash and Ethereum the first accounts that every wallet shows
// for this mnemonic, with EIP-55's checksum.
func TestDeriveGivesThePublishedAddresses(t *testing.T) {
	t.Parallel()
	accounts := mustParse(t, mainnet)
	for _, want := range []struct {
		chain         asset.Chain
		branch, index uint32
		path          string
		publicKey     string
		address       string
	}{
		{asset.Bitcoin, keys.External, 0, "m/84'/0'/0'/0/0", "0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c", "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"},
		{asset.Bitcoin, keys.External, 1, "m/84'/0'/0'/0/1", "03e775fd51f0dfb8cd865d9ff1cca2a158cf651fe997fdc9fee9c1d3b5e995ea77", "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"},
		{asset.Bitcoin, keys.Change, 0, "m/84'/0'/0'/1/0", "03025324888e429ab8e3dbaf1f7802648b9cd01e9b418485c5fa4c1b9b5700e1a6", "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"},
		{asset.Litecoin, keys.External, 0, "m/84'/2'/0'/0/0", "", "ltc1qjmxnz78nmc8nq77wuxh25n2es7rzm5c2rkk4wh"},
		{asset.BitcoinCash, keys.External, 0, "m/44'/145'/0'/0/0", "", "bitcoincash:qqyx49mu0kkn9ftfj6hje6g2wfer34yfnq5tahq3q6"},
		{asset.Ethereum, keys.External, 0, "m/44'/60'/0'/0/0", "0237b0bb7a8288d38ed49a524b5dc98cff3eb5ca824c9f9dc0dfdb3d9cd600f299", "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"},
		{asset.Ethereum, keys.External, 1, "m/44'/60'/0'/0/1", "", "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0"},
	} {
		got, err := accounts.Derive(want.chain, keys.Deposit, want.branch, want.index)
		if err != nil {
			t.Fatal(err)
		}
		if got.Path != want.path || got.Address != want.address || want.publicKey != "" && hex.EncodeToString(got.PublicKey) != want.publicKey {
			t.Errorf("%s is %s of key %x at %s, want %s of key %s", want.path, got.Address, got.PublicKey, got.Path, want.address, want.publicKey)
		}
	}
	key, err := accounts.Derive(asset.Bitcoin, keys.Deposit, keys.External, 0)
	if err != nil || hex.EncodeToString(key.Script) != "0014c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2" {
		t.Errorf("script is %x (%v), want BIP84's P2WPKH", key.Script, err)
	}
}

func TestAccountPath(t *testing.T) {
	t.Parallel()
	simnet := asset.Networks{Bitcoin: "simnet", Litecoin: "regtest", BitcoinCash: "simnet", EthereumChainID: 1337}
	for _, c := range []struct {
		n     asset.Networks
		chain asset.Chain
		role  keys.Role
		want  string
	}{
		{mainnet, asset.Bitcoin, keys.Deposit, "m/84'/0'/0'"}, {mainnet, asset.Bitcoin, keys.Hot, "m/84'/0'/1'"},
		{simnet, asset.Bitcoin, keys.Deposit, "m/84'/1'/0'"}, {simnet, asset.Ethereum, keys.Hot, "m/44'/60'/1'"},
		{simnet, asset.Litecoin, keys.Deposit, "m/84'/2'/0'"}, {simnet, asset.BitcoinCash, keys.Hot, "m/44'/145'/1'"},
	} {
		if got, err := keys.AccountPath(c.n, c.chain, c.role); err != nil || got != c.want {
			t.Errorf("path is %s (%v), want %s", got, err, c.want)
		}
	}
	if path, err := keys.AccountPath(mainnet, "dogecoin", keys.Hot); err == nil {
		t.Errorf("an unknown chain has path %s", path)
	}
}

func TestParseAccountsRefuses(t *testing.T) {
	t.Parallel()
	good := fileOf(t, mainnet)
	for name, c := range map[string]struct {
		change   func(f *keys.File)
		sentence string
	}{
		"a missing key":        {func(f *keys.File) { f.EthereumHot = "" }, "ethereum account 1"},
		"a master key":         {func(f *keys.File) { f.BitcoinHot = masterKey }, "depth 0"},
		"a child not hardened": {func(f *keys.File) { f.BitcoinHot = plainChild }, "not a hardened account"},
		"another network's":    {func(f *keys.File) { *f = fileOf(t, asset.Networks{Bitcoin: "simnet", EthereumChainID: 1}) }, "not of network mainnet"},
	} {
		file := good
		c.change(&file)
		if _, err := parse(mainnet, file); err == nil || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: error is %v, want one that says %q", name, err, c.sentence)
		}
	}
	raw, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"something behind": string(raw) + "{}", "an unknown field": strings.Replace(string(raw), "{", `{"seed":"",`, 1), "nothing": "", "a list": "[]",
	} {
		if _, err := keys.ParseAccounts(mainnet, []byte(text)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := keys.ParseAccounts(asset.Networks{Bitcoin: "moonnet", EthereumChainID: 1}, raw); err == nil {
		t.Error("an unknown network was accepted")
	}
	if _, err := mustParse(t, mainnet).Derive("dogecoin", keys.Deposit, 0, 0); err == nil {
		t.Error("a key was derived for an unknown chain")
	}
	if _, err := mustParse(t, mainnet).Derive(asset.Bitcoin, keys.Deposit, 0, hardened); err == nil {
		t.Error("a hardened child was derived from a public key")
	}
}

// Every derived address is one that its chain's parser takes as it is, and no two
// positions share one.
func TestDerivedAddressesAreCanonicalAndDistinct(t *testing.T) {
	t.Parallel()
	accounts := mustParse(t, mainnet)
	seen := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		chain := rapid.SampledFrom(asset.Chains()).Draw(t, "chain")
		role := rapid.SampledFrom([]keys.Role{keys.Deposit, keys.Hot}).Draw(t, "role")
		key, err := accounts.Derive(chain, role, rapid.Uint32Range(0, 1).Draw(t, "branch"), rapid.Uint32Range(0, hardened-1).Draw(t, "index"))
		if err != nil {
			t.Fatalf("derive: %v", err)
		}
		if canonical, err := mainnet.ParseAddress(chain, key.Address); err != nil || canonical != key.Address {
			t.Fatalf("%s at %s is parsed as %s (%v)", key.Address, key.Path, canonical, err)
		}
		if other, taken := seen[key.Address]; taken && other != key.Path {
			t.Fatalf("%s is at %s and at %s", key.Address, other, key.Path)
		}
		seen[key.Address] = key.Path
	})
}

func FuzzParseAccounts(f *testing.F) {
	f.Add([]byte(`{"bitcoin_deposit":"xpub","bitcoin_hot":"","ethereum_deposit":"","ethereum_hot":""}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		accounts, err := keys.ParseAccounts(mainnet, raw)
		if err != nil {
			return
		}
		if _, err := accounts.Derive(asset.Bitcoin, keys.Deposit, keys.External, 0); err != nil {
			t.Fatalf("accounts without a key: %v", err)
		}
	})
}
