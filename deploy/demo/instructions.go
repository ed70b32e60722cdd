package demo

import (
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"ferry/deploy/demo/bitcoin"
	"ferry/swap/asset"
)

// Place is where a running demo is, for people.
type Place struct {
	// API is the public API's base URL; Ferry the program as one calls it from
	// the shell, such as ".ferry/bin/ferry".
	API, Ferry string
	Networks   asset.Networks
}

// Instructions says how to make a swap by hand with curl, step by step. The
// payout and refund addresses in it are fresh, of keys that nobody keeps.
func Instructions(p Place) (string, error) {
	refund, err := bitcoin.NewKey(p.Networks)
	if err != nil {
		return "", err
	}
	payout, err := crypto.GenerateKey()
	if err != nil {
		return "", fmt.Errorf("make an ethereum key: %w", err)
	}
	return strings.NewReplacer("{API}", p.API, "{FERRY}", p.Ferry, "{REFUND}", refund.Address(),
		"{PAYOUT}", crypto.PubkeyToAddress(payout.PublicKey).Hex()).Replace(instructions), nil
}

// instructions need a POSIX shell, curl and sed; the answers are JSON on one line.
const instructions = `Ferry is up: {API}  (described at {API}/v1/openapi.yaml). Ctrl-C stops it.
To swap 0.02 BTC for ETH by hand, paste this into another shell in the same folder:

  # 1. What does it cost now? Then have a price held for a minute.
  curl -s {API}/v1/rates
  QUOTE=$(curl -s {API}/v1/quotes -H 'Content-Type: application/json' \
    -d '{"from":"BTC","to":"ETH","deposit_amount":"0.02"}'); echo "$QUOTE"

  # 2. Make the swap: where to be paid, and where a refund would go. Who knows the key can have the secret.
  KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  SIGNED=$(echo "$QUOTE" | sed 's/.*"signed_quote":"\([^"]*\)".*/\1/')
  SWAP=$(curl -s {API}/v1/swaps -H 'Content-Type: application/json' -H "Idempotency-Key: $KEY" \
    -d '{"signed_quote":"'$SIGNED'","payout_address":"{PAYOUT}","refund_address":"{REFUND}"}'); echo "$SWAP"
  ID=$(echo "$SWAP" | sed 's/.*"id":"\([^"]*\)".*/\1/')
  ADDRESS=$(echo "$SWAP" | sed 's/.*"deposit_address":"\([^"]*\)".*/\1/')

  # 3. Pay the deposit from the faucet; blocks are mined by themselves.
  {FERRY} faucet bitcoin $ADDRESS 0.02

  # 4. Watch it, as the user and as support see it.
  curl -s {API}/v1/swaps/$ID
  {FERRY} swap show $ID

  # 5. Change what it prices by while it runs: look, stop a pair, switch a venue off, go back.
  {FERRY} config show
  {FERRY} config set 'pairs.ETH-BTC.stopped=A drill.' venues.kraken.on=false --reason "to try it"
  {FERRY} market
  {FERRY} config rollback 0 --reason "tried"

The other way round: "from":"ETH","to":"BTC", the two addresses swapped, and {FERRY} faucet ethereum $ADDRESS <amount>. Tokens are swapped
in the same way ("USDT", "USDC", {FERRY} faucet USDT $ADDRESS <amount>), at addresses of Ethereum.
`
