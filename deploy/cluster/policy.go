package cluster

import (
	"crypto/ed25519"
	"strings"

	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
)

// DemoNetworks are the networks of the nodes that every cluster has: two chains.
func DemoNetworks() asset.Networks {
	return asset.Networks{Bitcoin: "simnet", EthereumChainID: parts.GethChainID}
}

// TokenNetworks are DemoNetworks with the tokens that a cluster makes on its geth.
func TokenNetworks() asset.Networks {
	n := DemoNetworks()
	n.Tokens = faucet.Tokens()
	return n
}

// EveryNetwork are those of all chains that there are nodes for, with the tokens.
func EveryNetwork() asset.Networks {
	n := TokenNetworks()
	n.Litecoin, n.BitcoinCash = "regtest", "simnet"
	return n
}

// demoChains are what each chain is run with.
var demoChains = map[asset.Chain]deployment.Chain{
	asset.Bitcoin: {Confirmations: 3, ReorgLimit: 6, BlockSeconds: 3, DustThreshold: "0.00001", NetworkFee: "0.00002",
		RefundFeeMax: "0.00003", PaymentFeeMax: "0.002", PaymentMax: "2"},
	asset.Litecoin: {Confirmations: 3, ReorgLimit: 6, BlockSeconds: 3, DustThreshold: "0.0001", NetworkFee: "0.0003",
		RefundFeeMax: "0.0005", PaymentFeeMax: "0.1", PaymentMax: "1500"},
	asset.BitcoinCash: {Confirmations: 3, ReorgLimit: 6, BlockSeconds: 3, DustThreshold: "0.00005", NetworkFee: "0.0001",
		RefundFeeMax: "0.0002", PaymentFeeMax: "0.02", PaymentMax: "400"},
	asset.Ethereum: {Confirmations: 3, ReorgLimit: 6, BlockSeconds: 1, DustThreshold: "0.0001", NetworkFee: "0.0004",
		RefundFeeMax: "0.0008", PaymentFeeMax: "0.02", PaymentMax: "50"},
}

// demoToken is every token's policy: a dollar each. Fees are about what the gas of a
// transfer costs by the chain's own network fee.
var demoToken = deployment.Token{DustThreshold: "0.5", NetworkFee: "1.5", RefundFeeMax: "3", PaymentMax: "200000"}

// demoMarket adds 0.1 % at most for a lock's length and 0.05 % for missing venues, stops
// what moves by 3 % a minute, and keeps a tenth of each balance from whoever has not paid.
var demoMarket = deployment.Market{DayMovePPM: 30_000, PremiumMostPPM: 1000, LossMostPPM: 500, StopMovePPM: 30_000, UnconfirmedPPM: 900_000}

// demoAsset is how an asset is swapped: the least and most deposit, what one of staff
// may move alone, and the market that venues are played with. Its first price is by
// the asset's book against bitcoin.
type demoAsset struct {
	least, most, alone string
	market             string
}

var demoAssets = map[asset.ID]demoAsset{
	asset.BTC:  {"0.0005", "1", "0.05", ""},
	asset.LTC:  {"0.05", "1000", "30", "LTC-BTC=0.001"},
	asset.BCH:  {"0.01", "200", "10", "BCH-BTC=0.005"},
	asset.ETH:  {"0.01", "30", "1", "ETH-BTC=0.035"},
	asset.USDT: {"10", "100000", "5000", "BTC-USDT=98000"},
	asset.USDC: {"10", "100000", "5000", "BTC-USDC=98020"},
}

// demoMarkets are the markets of what a cluster swaps, as venuesim takes them.
func demoMarkets(n asset.Networks) string {
	var markets []string
	for _, a := range n.Assets() {
		if market := demoAssets[a.ID].market; market != "" {
			markets = append(markets, market)
		}
	}
	return strings.Join(markets, ",")
}

// demoDeployment is the policy the demo runs on. Everything but the public keys
// is fixed, so that a second start finds what the first one promised.
func demoDeployment(n asset.Networks, quote, attest ed25519.PublicKey) deployment.Deployment {
	d := deployment.Deployment{
		Networks:  n,
		QuoteKeys: []string{swap.FormatPublicKey(quote)}, AttestKeys: []string{swap.FormatPublicKey(attest)},
		Chains:     map[asset.Chain]deployment.Chain{},
		Locks:      deployment.Locks{LockSeconds: 60, DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200, MaxPerClient: 20},
		StaffAlone: map[asset.ID]string{},
		Market:     demoMarket,
	}
	for _, chain := range n.Chains() {
		d.Chains[chain] = demoChain(chain, d.Tokens(chain))
	}
	for _, from := range n.Assets() {
		own := demoAssets[from.ID]
		d.StaffAlone[from.ID] = own.alone
		for _, to := range n.Assets() {
			if from.ID != to.ID {
				d.Pairs = append(d.Pairs, deployment.Pair{From: from.ID, To: to.ID, SpreadBasisPoints: 20, ServiceFeeBasisPoints: 50,
					MinDeposit: own.least, MaxDeposit: own.most})
			}
		}
	}
	return d
}

// demoChain is what a chain is run with, and the policy of each of its tokens.
func demoChain(name asset.Chain, tokens []asset.ID) deployment.Chain {
	c := demoChains[name]
	for _, id := range tokens {
		if c.Tokens == nil {
			c.Tokens = map[asset.ID]deployment.Token{}
		}
		c.Tokens[id] = demoToken
	}
	return c
}
