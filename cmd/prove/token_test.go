package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/faucet"
	"ferry/swap/asset"
)

const tokenContract = "0xe6B2034fa29592a94e8842dC5182CA2052b6DD30"

// otherTx pays in the tests, where it is not the claim's.
var otherTx = "0x" + strings.Repeat("ef", 32)

func tokenClaim(contract, address, units, txid string) string {
	return fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":%q,"txid":%q,"contract":%q,"token":"USDT","decimals":6}]`, address, units, txid, contract)
}

// word32 is a number as a contract answers it.
func word32(n uint64) string { return fmt.Sprintf(`"0x%064x"`, n) }

// transferLog is a log of the claim's contract, or of what differs says.
func transferLog(txid string, value uint64, block string, differs ...string) string {
	log := fmt.Sprintf(`{"address":%q,"topics":[%q,%q,%q],"data":%s,"blockNumber":%q,"transactionHash":%q,"removed":false}`,
		strings.ToLower(tokenContract), transferTopic, wordOf("0x00000000000000000000000000000000000000aa"), wordOf(ethAddress), word32(value), block, txid)
	return strings.NewReplacer(differs...).Replace(log)
}

// logsOf is the question for transfers to or from the address, as the fake node knows it.
func logsOf(t *testing.T, topics ...any) string {
	t.Helper()
	asked, err := json.Marshal(map[string]any{"address": tokenContract, "fromBlock": "0x0", "toBlock": "0x64", "topics": topics})
	if err != nil {
		t.Fatal(err)
	}
	return "eth_getLogs " + string(asked)
}

func TestToken(t *testing.T) {
	t.Parallel()
	to, from := logsOf(t, transferTopic, nil, wordOf(ethAddress)), logsOf(t, transferTopic, wordOf(ethAddress), nil)
	decimals := fmt.Sprintf(`eth_call {"data":%q,"to":%q}`, decimalsCall, tokenContract)
	paid := transferLog(ethTx, 12_500_000, "0x62")
	good := map[string]string{"eth_blockNumber": `"0x64"`, "eth_call": word32(12_500_000), decimals: word32(6), to: "[" + paid + "]", from: "[]"}
	for _, test := range []struct {
		name   string
		differ map[string]string
		code   int
		says   string
	}{
		{"exact", nil, 0, "promised 12.5 USDT (12500000 base units); the node says 12.5 USDT (12500000 base units) received in " + ethTx +
			", block 98, 3 confirmations, of contract " + tokenContract},
		{"transfers of nothing beside it", map[string]string{to: "[" + paid + "," + transferLog(otherTx, 0, "0x64") + "]",
			from: "[" + strings.ReplaceAll(transferLog(otherTx, 0, "0x63"), wordOf("0x00000000000000000000000000000000000000aa"), wordOf(ethAddress)) + "]"}, 0, "ok "},
		{"one unit short", map[string]string{to: "[" + transferLog(ethTx, 12_499_999, "0x62") + "]", "eth_call": word32(12_499_999)}, 1, "12.499999 USDT (12499999 base units) received"},
		{"logs without a balance", map[string]string{"eth_call": word32(0)}, 1, "by the contract it holds 0 USDT (0 base units) in block 98"},
		{"a balance without logs", map[string]string{to: "[]"}, 1, "received in no block"},
		{"in two parts, neither of which was promised", map[string]string{to: "[" + transferLog(ethTx, 12_000_000, "0x62") + "," + transferLog(otherTx, 500_000, "0x61") + "]"},
			1, ethTx + " is not among what paid it"},
		{"more since", map[string]string{to: "[" + paid + "," + transferLog(otherTx, 1, "0x64") + "]"}, 1, "0.000001 USDT (1 base units) more with fewer than 3 confirmations"},
		{"not deep enough", map[string]string{to: "[" + transferLog(ethTx, 12_500_000, "0x63") + "]"}, 1, "0 USDT (0 base units) received in no block"},
		{"by another transaction", map[string]string{to: "[" + transferLog(otherTx, 12_500_000, "0x62") + "]"}, 1, ethTx + " is not among what paid it"},
		{"spent since", map[string]string{from: "[" + strings.ReplaceAll(transferLog(otherTx, 1, "0x64"), wordOf("0x00000000000000000000000000000000000000aa"), wordOf(ethAddress)) + "]"},
			1, "1 transfers went from it"},
		{"spent without a log", map[string]string{"eth_call 0x64": word32(0)}, 1, "by the contract it holds 0 USDT (0 base units) in block 100"},
		{"of another contract", map[string]string{to: "[" + transferLog(ethTx, 12_500_000, "0x62", strings.ToLower(tokenContract), ethAddress) + "]"}, 1, "is not what was asked for"},
		{"to somebody else", map[string]string{to: "[" + transferLog(ethTx, 12_500_000, "0x62", wordOf(ethAddress), wordOf(tokenContract)) + "]"}, 1, "is not what was asked for"},
		{"another event", map[string]string{to: "[" + transferLog(ethTx, 12_500_000, "0x62", transferTopic, wordOf(tokenContract)) + "]"}, 1, "is not what was asked for"},
		{"orphaned", map[string]string{to: "[" + transferLog(ethTx, 12_500_000, "0x62", `"removed":false`, `"removed":true`) + "]"}, 1, "is not what was asked for"},
		{"from the future", map[string]string{to: "[" + transferLog(ethTx, 12_500_000, "0x65") + "]"}, 1, "is in block 101 of 100"},
		{"eighteen decimals", map[string]string{decimals: word32(18)}, 1, "the contract has 18 decimals, the claim says 6"},
		{"no contract", map[string]string{decimals: `"0x"`}, 1, "could not be asked: decimals of " + tokenContract},
		{"a chain just begun", map[string]string{"eth_blockNumber": `"0x1"`}, 1, "in a chain of 1 blocks"},
		{"pruned", map[string]string{"eth_call 0x62": "error:missing trie node"}, 1, "missing trie node"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := maps.Clone(good)
			maps.Copy(answers, test.differ)
			code, out, errs := prove(t, tokenClaim(tokenContract, ethAddress, "12500000", ethTx), "-ethereum", fakeNode(t, answers), "-confirmations", "3")
			if code != test.code || errs != "" || !strings.Contains(out, test.says) {
				t.Errorf("exit status %d, %q, printed:\n%s\nwant %d and %q", code, errs, out, test.code, test.says)
			}
		})
	}
}

// A token's claim says all of it, and one address may be paid in ether and in a token.
func TestTokenClaims(t *testing.T) {
	t.Parallel()
	good := tokenClaim(tokenContract, ethAddress, "1", ethTx)
	ether := fmt.Sprintf(`{"chain":"ethereum","address":%q,"units":"1"}`, ethAddress)
	if claims, err := parseClaims([]byte(strings.TrimSuffix(good, "]") + "," + ether + "]")); err != nil || len(claims) != 2 {
		t.Errorf("%+v, %v", claims, err)
	}
	for name, claims := range map[string]string{
		"twice":           strings.TrimSuffix(good, "]") + "," + strings.TrimPrefix(strings.ReplaceAll(good, tokenContract, strings.ToLower(tokenContract)), "["),
		"no name":         strings.ReplaceAll(good, `"USDT"`, `""`),
		"a long name":     strings.ReplaceAll(good, `"USDT"`, `"VISIT.EXAMPLE.ORG"`),
		"no contract":     strings.ReplaceAll(good, tokenContract, ""),
		"its own":         strings.ReplaceAll(good, tokenContract, ethAddress),
		"decimals":        strings.ReplaceAll(good, `"decimals":6`, `"decimals":37`),
		"less than none":  strings.ReplaceAll(good, `"decimals":6`, `"decimals":-1`),
		"another chain's": fmt.Sprintf(`[{"chain":"bitcoin","address":%q,"units":"1","contract":%q,"token":"USDT","decimals":6}]`, btcAddress, tokenContract),
	} {
		if got, err := parseClaims([]byte(claims)); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
}

// On geth, with a contract like USDT's and the transfer of a wallet like any other.
func TestTokenOnRealEthereum(t *testing.T) {
	t.Parallel()
	ctx, url := demotest.Context(t), demotest.Geth(t, t.TempDir())
	networks := demotest.TokenNetworks()
	source, err := faucet.NewEthereum(ctx, url, networks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Close)
	if err := source.MakeTokens(ctx); err != nil {
		t.Fatal(err)
	}
	txid, err := source.PayToken(ctx, ethAddress, asset.Amount{Asset: asset.USDT, Units: asset.NewUnits(12_500_000)})
	if err != nil {
		t.Fatal(err)
	}
	usdt, usdc := networks.Tokens.USDT, networks.Tokens.USDC
	for claims, want := range map[string]int{
		tokenClaim(usdt, ethAddress, "12500000", txid):                                                     0,
		tokenClaim(usdt, ethAddress, "12500001", txid):                                                     1,
		tokenClaim(usdt, ethAddress, "12500000", ethTx):                                                    1,
		tokenClaim(usdc, ethAddress, "12500000", txid):                                                     1,
		tokenClaim(tokenContract[:41]+"1", ethAddress, "12500000", txid):                                   1,
		strings.ReplaceAll(tokenClaim(usdt, ethAddress, "12500000", txid), `"decimals":6`, `"decimals":8`): 1,
	} {
		if code, out, errs := prove(t, claims, "-ethereum", url); code != want {
			t.Errorf("%s: exit status %d, want %d; %s%s", claims, code, want, out, errs)
		}
	}
}
