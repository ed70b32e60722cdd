package asset

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Networks says which chains a deployment runs, on which network each. It is the
// same for every process of a deployment.
type Networks struct {
	// Bitcoin is "mainnet", "testnet3", "signet", "regtest" or "simnet".
	Bitcoin string `json:"bitcoin"`
	// Litecoin is "mainnet", "testnet4" or "regtest"; "" where it is not run.
	Litecoin string `json:"litecoin,omitempty"`
	// BitcoinCash is "mainnet", "testnet3", "regtest" or "simnet"; "" where it is not run.
	BitcoinCash string `json:"bitcoincash,omitempty"`
	// EthereumChainID is EIP-155's chain id, for example 1 or 1337.
	EthereumChainID int64 `json:"ethereum_chain_id"`
	// Tokens are the contracts of Ethereum's tokens.
	Tokens Tokens `json:"tokens,omitzero"`
}

// Tokens pins each token's contract: its address with EIP-55's checksum, "" where
// the token is not swapped.
type Tokens struct {
	USDT string `json:"usdt,omitempty"`
	USDC string `json:"usdc,omitempty"`
}

var bitcoinParams = map[string]*chaincfg.Params{
	"mainnet": &chaincfg.MainNetParams, "testnet3": &chaincfg.TestNet3Params,
	"signet": &chaincfg.SigNetParams, "regtest": &chaincfg.RegressionNetParams, "simnet": &chaincfg.SimNetParams,
}

// Litecoin's parameters as far as addresses and the first block go (Litecoin Core,
// chainparams.cpp). The older P2SH form that begins with 3 is Bitcoin's too and is
// left out: it does not say which chain is meant.
var litecoinParams = sync.OnceValue(func() map[string]*chaincfg.Params {
	return map[string]*chaincfg.Params{
		"mainnet":  litecoinNet(&chaincfg.MainNetParams, 0xdbb6c0fb, "ltc", 0x30, 0x32, "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2"),
		"testnet4": litecoinNet(&chaincfg.TestNet3Params, 0xf1c8d2fd, "tltc", 0x6f, 0x3a, "4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0"),
		"regtest":  litecoinNet(&chaincfg.RegressionNetParams, 0xdab5bff1, "rltc", 0x6f, 0x3a, "530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9"),
	}
})

// litecoinNet is a sibling of a Bitcoin network, made known to btcd's decoder of
// addresses, which reads only prefixes that it knows.
func litecoinNet(base *chaincfg.Params, magic uint32, prefix string, keyHash, scriptHash byte, genesis string) *chaincfg.Params {
	params := *base
	params.Name, params.Net = "litecoin-"+prefix, wire.BitcoinNet(magic)
	params.Bech32HRPSegwit, params.PubKeyHashAddrID, params.ScriptHashAddrID = prefix, keyHash, scriptHash
	hash, err := chainhash.NewHashFromStr(genesis)
	if err == nil {
		params.GenesisHash = hash
		err = chaincfg.Register(&params)
	}
	if err != nil {
		panic(fmt.Sprintf("asset: litecoin's parameters: %v", err)) // constants of this file
	}
	return &params
}

// Bitcoin Cash shares Bitcoin's first blocks and keys; bchd's simnet is btcd's.
var bitcoinCashParams = map[string]*chaincfg.Params{
	"mainnet": &chaincfg.MainNetParams, "testnet3": &chaincfg.TestNet3Params,
	"regtest": &chaincfg.RegressionNetParams, "simnet": &chaincfg.SimNetParams,
}

// cashPrefixes are CashAddr's, by network (bchd, chaincfg/params.go).
var cashPrefixes = map[string]string{"mainnet": "bitcoincash", "testnet3": "bchtest", "regtest": "bchreg", "simnet": "bchsim"}

// everyParams are all networks whose addresses look alike.
func everyParams() []*chaincfg.Params {
	var all []*chaincfg.Params
	for _, known := range []map[string]*chaincfg.Params{bitcoinParams, litecoinParams()} {
		for _, params := range known {
			all = append(all, params)
		}
	}
	return all
}

// Name is what the configured network of a UTXO chain is called; "" where the chain
// is not run or has no name.
func (n Networks) Name(c Chain) string {
	return map[Chain]string{Bitcoin: n.Bitcoin, Litecoin: n.Litecoin, BitcoinCash: n.BitcoinCash}[c]
}

// Params returns btcd's parameters of a UTXO chain's configured network: address
// forms and the first block's hash. Those of Bitcoin Cash are the Bitcoin network's
// that it shares them with; its address form is CashAddr's (CashPrefix).
func (n Networks) Params(c Chain) (*chaincfg.Params, error) {
	known := bitcoinParams
	switch c {
	case Bitcoin:
	case Litecoin:
		known = litecoinParams()
	case BitcoinCash:
		known = bitcoinCashParams
	default:
		return nil, fmt.Errorf("chain %.20q has no network of this kind", c)
	}
	name := n.Name(c)
	params, ok := known[name]
	if !ok {
		names := make([]string, 0, len(known))
		for name := range known {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("%s network %q is not one of %s", c, name, strings.Join(names, ", "))
	}
	return params, nil
}

// BitcoinParams is Params of Bitcoin. Extended keys of every chain are written with
// this network's version bytes.
func (n Networks) BitcoinParams() (*chaincfg.Params, error) { return n.Params(Bitcoin) }

// CashPrefix is CashAddr's prefix on the configured network of Bitcoin Cash.
func (n Networks) CashPrefix() (string, error) {
	prefix, ok := cashPrefixes[n.BitcoinCash]
	if !ok {
		_, err := n.Params(BitcoinCash)
		return "", err
	}
	return prefix, nil
}

// Chains lists the chains that the deployment runs, in Ferry's order.
func (n Networks) Chains() []Chain {
	var run []Chain
	for _, c := range Chains() {
		if c == Ethereum && n.EthereumChainID > 0 || n.Name(c) != "" {
			run = append(run, c)
		}
	}
	return run
}

// Assets lists what the deployment swaps, in Ferry's order: the chains' own assets,
// and the tokens whose contract is pinned.
func (n Networks) Assets() []Asset {
	var run []Asset
	chains := n.Chains()
	for _, a := range assets {
		_, pinned := n.Contract(a.ID)
		if slices.Contains(chains, a.Chain) && (!a.Token || pinned) {
			run = append(run, a)
		}
	}
	return run
}

// Contract is the pinned contract of a token, false for any other asset.
func (n Networks) Contract(id ID) (string, bool) {
	at := map[ID]string{USDT: n.Tokens.USDT, USDC: n.Tokens.USDC}[id]
	return at, at != ""
}

// tokenAt is the token whose contract is at a canonical address.
func (n Networks) tokenAt(address string) (ID, bool) {
	for _, a := range assets {
		if at, pinned := n.Contract(a.ID); pinned && at == address {
			return a.ID, true
		}
	}
	return "", false
}

// Validate reports a network that is not known, or a contract that is none.
func (n Networks) Validate() error {
	if n.EthereumChainID <= 0 {
		return fmt.Errorf("ethereum_chain_id %d is not positive", n.EthereumChainID)
	}
	for _, c := range []Chain{Bitcoin, Litecoin, BitcoinCash} {
		if c != Bitcoin && n.Name(c) == "" {
			continue
		}
		if _, err := n.Params(c); err != nil {
			return err
		}
	}
	return n.Tokens.validate()
}

func (t Tokens) validate() error {
	for name, at := range map[string]string{"usdt": t.USDT, "usdc": t.USDC} {
		if at == "" {
			continue
		}
		raw, err := readEthereum(at)
		if err != nil {
			return fmt.Errorf("tokens.%s: %w", name, err)
		}
		if checksumEIP55(raw) != at {
			return fmt.Errorf("tokens.%s: %w", name, ErrAddressChecksum)
		}
	}
	if t.USDT != "" && t.USDT == t.USDC {
		return fmt.Errorf("tokens: both have the contract %s", t.USDT)
	}
	return nil
}
