package main

import (
	"fmt"
	"strings"
	"testing"
)

// What was outbid, or failed, must have paid nothing, and the node says which it is.
func TestVoid(t *testing.T) {
	t.Parallel()
	other, otherEth := strings.Repeat("ef", 32), "0x"+strings.Repeat("ef", 32)
	paid := `{"success":true,"height":320,"unspents":[{"txid":"` + btcTx + `","vout":0,"amount":0.01,"height":318}]}`
	for _, test := range []struct {
		name, chain, answer string
		code                int
		says                string
	}{
		{"outbid", "litecoin", "error:No such mempool or blockchain transaction. Use gettransaction for wallet transactions.", 0, other + " is in no block and waits for none"},
		{"mined too", "litecoin", `{"confirmations":2}`, 1, other + " is in a block, with 2 confirmations"},
		{"may be mined yet", "litecoin", `{"txid":"x"}`, 1, other + " waits for a block"},
		{"no index", "litecoin", "error:No such mempool transaction. Use -txindex or provide a block hash", 1, "it has no index of transactions"},
		{"failed", "ethereum", `{"status":"0x0","blockNumber":"0x60"}`, 0, otherEth + " failed in block 96 and paid nothing"},
		{"outbid on ethereum", "ethereum", `null`, 0, otherEth + " is in no block and waits for none"},
		{"may be mined yet on ethereum", "ethereum", `null`, 1, otherEth + " waits for a block"},
		{"paid too", "ethereum", `{"status":"0x1","blockNumber":"0x60"}`, 1, otherEth + " did not fail in block 96"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]string{"scantxoutset": paid, "getrawtransaction": test.answer, "eth_blockNumber": `"0x64"`, "eth_getBalance": `"0x3e8"`,
				"eth_getTransactionCount": `"0x1"`, "eth_getCode": `"0x00"`, "eth_getTransactionByHash": fmt.Sprintf(`{"to":%q,"value":"0x3e8"}`, ethAddress),
				"eth_getTransactionReceipt": `{"status":"0x1","blockNumber":"0x62"}`, "eth_getTransactionReceipt " + otherEth: test.answer}
			if strings.HasPrefix(test.name, "outbid") {
				answers["eth_getTransactionByHash "+otherEth] = `null`
			}
			claims := fmt.Sprintf(`[{"chain":"litecoin","address":"rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7k693xs3","units":1000000,"txid":%q,"void":[%q]}]`, btcTx, other)
			if test.chain == "ethereum" {
				claims = fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":1000,"txid":%q,"void":[%q]}]`, ethAddress, ethTx, otherEth)
			}
			code, out, errs := prove(t, claims, "-"+test.chain, fakeNode(t, answers))
			if code != test.code || errs != "" || !strings.Contains(out, test.says) {
				t.Errorf("exit status %d, %q, printed:\n%s\nwant %d and %q", code, errs, out, test.code, test.says)
			}
		})
	}
	for claims, says := range map[string]string{
		fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":1,"txid":%q,"void":[%q]}]`, ethAddress, ethTx, ethTx): "is said to have paid, and to be void",
		fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":1,"void":["ab"]}]`, ethAddress):                       "is no transaction of ethereum",
	} {
		if code, _, errs := prove(t, claims); code != exitUsage || !strings.Contains(errs, says) {
			t.Errorf("exit status %d, %q, want %q", code, errs, says)
		}
	}
}
