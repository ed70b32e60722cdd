package asset_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"ferry/swap/asset"
)

// Published test vectors of addresses, held against ParseAddress. Where the standard
// says valid and Ferry does not pay the form (witness versions from 2 on, which
// anyone can spend today), it says so; a private key is no address.

// vector is an address with the script that it stands for.
type vector struct{ network, address, script string }

// valid are of BIP173 and BIP350 (the lists of segwit addresses) and of Bitcoin
// Core's key_io_valid.json: each form on each network that Ferry knows. Testnet 3
// and 4 write addresses alike.
var valid = []vector{
	// BIP173, BIP350
	{"mainnet", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"},
	{"testnet3", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
	{"testnet3", "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
	{"testnet3", "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
	{"mainnet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
	// key_io_valid.json
	{"mainnet", "1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "76a914a31c06bd463e3923bc1aadbde48b16976c08071788ac"},
	{"mainnet", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", "a914373b819a068f32b7a6b38b6b38729647cfde01c287"},
	{"testnet3", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "76a914ce28b26c57472737f5c3561a1761185bd8589a4388ac"},
	{"testnet3", "2NC2hEhe28ULKAJkW5MjZ3jtTMJdvXmByvK", "a914ce0bba75891ff9ec60148d4bd4a09ee2dc5c933187"},
	{"signet", "mww4LvqtTMKvmeQvizPz2EQv26xTneWrbg", "76a914b4110ba93ac54afc14da3bdd19614774a2d55d2988ac"},
	{"signet", "2N1r7aC69VHeE7yQJPDLi9T1PYq4wnwvjuT", "a9145e5a35ab44b3efaea5129ba22b88ba3e2976614587"},
	{"regtest", "n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ", "76a914fdeca3b08e38af53d7c4c60e3ad208ce5066441088ac"},
	{"regtest", "2MxFajLApXpYk4VodBSZSt7rw8y4ryABkfA", "a91436e9f191e0b75036a77f65e2eaa4752443233fbe87"},
	{"mainnet", "bc1qvyq0cc6rahyvsazfdje0twl7ez82ndmuac2lhv", "00146100fc6343edc8c874496cb2f5bbfec88ea9b77c"},
	{"mainnet", "bc1qyucykdlhp62tezs0hagqury402qwhk589q80tqs5myh3rxq34nwqhkdhv7", "002027304b37f70e94bc8a0fbf500e0c957a80ebda87280ef58214d92f119811acdc"},
	{"mainnet", "bc1p83n3au0rjylefxq2nc2xh2y4jzz4pm6zxj4mw5pagdjjr2a9f36s6jjnnu", "51203c671ef1e3913f94980a9e146ba895908550ef4234abb7503d436521aba54c75"},
	{"testnet3", "tb1qcrh3yqn4nlleplcez2yndq2ry8h9ncg3qh7n54", "0014c0ef1202759fff90ff19128936814321ee59e111"},
	{"testnet3", "tb1quyl9ujpgwr2chdzdnnalen48sup245vdfnh2jxhsuq3yx80rrwlq5hqfe4", "0020e13e5e482870d58bb44d9cfbfccea78702aad18d4ceea91af0e022431de31bbe"},
	{"testnet3", "tb1p35n52jy6xkm4wd905tdy8qtagrn73kqdz73xe4zxpvq9t3fp50aqk3s6gz", "51208d2745489a35b75734afa2da43817d40e7e8d80d17a26cd4460b0055c521a3fa"},
	{"signet", "tb1q3vya2h5435jkugq2few7dmktlrwq4ejmfaw7kr", "00148b09d55e958d256e200a4e5de6eecbf8dc0ae65b"},
	{"signet", "tb1qxkhrl2s6ttrclckldruea0e8anhrehffl8xv7t0pdyrzm08v2hyqy408nf", "002035ae3faa1a5ac78fe2df68f99ebf27ecee3cdd29f9cccf2de169062dbcec55c8"},
	{"signet", "tb1pae5um27ahn8n73pgexe3kcwlp8dhswpn684h2k2w6t9a7w3eq65qephd5y", "5120ee69cdabddbccf3f4428c9b31b61df09db783833d1eb75594ed2cbdf3a3906a8"},
	{"regtest", "bcrt1qdavt4j2sd7dlhqsavtnfxvzppw6k7qy97tmnu9", "00146f58bac9506f9bfb821d62e69330410bb56f0085"},
	{"regtest", "bcrt1qan8gntac7z7me2ejt4hpru42ad2f759fmy0m3ejvs98656znv7eqga4uhv", "0020ecce89afb8f0bdbcab325d6e11f2aaeb549f50a9d91fb8e64c814faa685367b2"},
	{"regtest", "bcrt1pfwxjqvtt4tcxrtdluukfmy2dv7xd2qzdfy6kajv5nwn4yam3wxkq3553uh", "51204b8d20316baaf061adbfe72c9d914d678cd5004d49356ec9949ba752777171ac"},
	{"mainnet", "1FjL87pn8ky6Vbavd1ZHeChRXtoxwRGCRd", "76a914a19331b7b2627e663e25a7b001e4c0dcc5e21bc788ac"},
	{"mainnet", "3BZECeAH8gSKkjrTx8PwMrNQBLG18yHpvf", "a9146c382dcdf5b284760c8e3fead91f7422cd76aa8787"},
}

func TestValidVectors(t *testing.T) {
	t.Parallel()
	for _, v := range valid {
		canonical, err := bitcoin(v.network).ParseAddress(asset.Bitcoin, v.address)
		if err != nil || !strings.EqualFold(canonical, v.address) {
			t.Errorf("%s on %s: %q, %v", v.address, v.network, canonical, err)
			continue
		}
		if segwit := strings.HasPrefix(v.script, "00") || strings.HasPrefix(v.script, "51"); segwit {
			for _, form := range []string{strings.ToLower(v.address), strings.ToUpper(v.address)} {
				if got, err := bitcoin(v.network).ParseAddress(asset.Bitcoin, form); err != nil || got != strings.ToLower(v.address) {
					t.Errorf("%s: %q, %v", form, got, err)
				}
			}
		} else if canonical != v.address {
			t.Errorf("%s became %s", v.address, canonical)
		}
		if got := script(t, v.network, canonical); got != v.script {
			t.Errorf("%s pays %s, want %s", canonical, got, v.script)
		}
		if !strings.HasPrefix(v.script, "76") && !strings.HasPrefix(v.script, "a9") { // legacy forms are shared by test networks
			for _, other := range []string{"mainnet", "testnet3", "regtest", "simnet"} {
				same := other == v.network || other == "testnet3" && v.network == "signet"
				if _, err := bitcoin(other).ParseAddress(asset.Bitcoin, canonical); !same && !errors.Is(err, asset.ErrAddressNetwork) {
					t.Errorf("%s of %s on %s: %v", canonical, v.network, other, err)
				}
			}
		}
	}
}

// script is what the address pays, by btcd.
func script(t *testing.T, network, text string) string {
	t.Helper()
	params, err := bitcoin(network).BitcoinParams()
	if err != nil {
		t.Fatal(err)
	}
	a, err := address.DecodeAddress(text, params)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := txscript.PayToAddrScript(a)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw)
}

// invalid are of BIP173, BIP350 and key_io_invalid.json, and what the standards
// call valid and nobody should be paid by: witness versions from 2 on.
var invalid = []string{
	// BIP173
	"tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
	"bc1rw5uspcuh", "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
	"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
	"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", "bc1gmk9yu",
	// BIP350
	"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
	"tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
	"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
	"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
	"bc1pw5dgrnzv", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
	"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
	"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
	// BIP350 and key_io_valid.json: later witness versions
	"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "BC1SW50QGDZ25J", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
	"bc1z2rksukkjr8", "tb1rgv5m6uvdk3kc7qsuz0c79v88ycr5w4wa", "tb1rx9n9g37az8mu236e5jpxdt0m67y4fuq8rhs0ss3djnm0kscfrwvq0ntlyg",
	"bcrt1sx6p8njlx7h9mc2agz4yg82dzne23050ncq72cneeecez2pst8mahn8xecsf8g6hzx94420",
	// key_io_valid.json: private keys
	"5JuW2AMDYu4xVwRG9DZW18VbzQrGcd5RCgb99sS6ehJsNQXu5b9", "L5nJeqKmpHp4P7F8ZYyjwc5a7P4d8EabuGAzfGJk7yC1BJyzNaEd",
	"92ZdE5HoLafywnTBbzPxbvRmp75pSfzvdU3XaZGh1cToipgdHVh", "cV83kKisF3RQSvXbUCm9ox3kaz5JjEUBWcx8tNydfGJcyeUxuH47",
	// key_io_invalid.json
	"", "x", "1GAdfviErV2Ew95FPtZyikz2qGP3gyCB6Hyu94sedAkPpA523m3fQwps9YKUZkKgQckGPKhRsFR",
	"37G2kMDLpmWVhimxRdzwNfE8JFvWXnJYnVcXeeGrek2qumdJuK7XArcVVpRtLLjRra3t64BEPF2", "8iVk9nLM3nYwRuwypjy9NK5rsuZH7BbrQRZ1pgcQmvMnjAgRXD",
	"cPTVQ1hbo4qdoysf6Jx5GthqucNmdfqt6J2pZRFeXv8Ep7Kmjqud", "tc1qeul5g2xfkvdkrhcfmdursv73ad64jnkjl9c40f",
	"bt1pq65rzej5glw3ra79gav6fqnx4haa0z257qr3mc8cggkefahmgvyseufhc0", "tb13hty4qmumlwpp6chxjvcyzza4duqgtmxw3xhm3u9ahj4nyhtwz8eq7ynrj4",
	"bcrt1r2qxpwuge", "bc10uexgzna2dpfk0vjt35srz6a27ps6m0l89jweznt83n2sqn2fx4hvn9ym5af8wut34sfrqhk3", "tb1qum6uh0pt4q253qaf520929737v63w5gf",
	"bcrt1q888ryfgxpvl0k7vum8zpyar2u2sexvdhkf38ue37yknmqq0ycrwpl3w48y", "bc1qdsuzmn04k2z8vryw8l4dj8m5ygqgnne5n",
	"tb1qlj8es50nc8j8r8xshrjgzmw5azx89efghmw8ju6zcqla0g6xcnrstsjz7k", "bcrt1qzwmyj0z924g7fzs5yvnrkc43y76RVyr2lh5t4r",
	"bc1qpu6d26mrulzetu4jqhd7rsunv9aqru26f5c4j8", "bc1p702xksx4z3uqf0u2phllxkfe5cgu0adxptqs0uelx0tqt8e885sqryes2l",
	"2UVPFpGYnLHJezFzjUo42our6PMEoozzRdM", "2MygHQjE1U33q3LSC53p69YqFjP8PihumJAF", "KzNbAQ4mexfAxa6RKBzHQqfoTycaeWpv2p",
	"2jDPrDfAKihCGPbPD9ztY8TswAia4V8Bc6vx", "39TKsUQ5QpEL1wowc6GMUqak94ijirPuP69ooV3xsFmiKQX2dau", "AZEah8d1EK362okRBS66e8SvdtYkrE8tsX",
	"2NDNP7GY59tTJPZTpbkprhM9SR99Nn5rUs7", "TB1QFDFM763VXVSUNZHQLPWC0Q8FG5LJX6ZN", "tb1ly0q7p", "tb1dclvmr",
	"sp1qq22l5s6l9460ww6t4tkzsy2a7zejurcmzz35pt0ffrzk5erlaykdcqugecjjnjqf7ggq39vl6wexjlm00n66z94v675n7wcux6d2krr68gcwu9kg",
}

func TestInvalidVectors(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"mainnet", "testnet3", "signet", "regtest", "simnet"} {
		for _, text := range invalid {
			if canonical, err := bitcoin(network).ParseAddress(asset.Bitcoin, text); err == nil {
				t.Errorf("%q on %s: %s", text, network, canonical)
			}
		}
	}
}
