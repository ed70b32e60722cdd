// Package node starts the chain nodes that conformance tests run against: btcd on
// simnet, and geth on a private chain whose blocks the test makes itself. Each
// lives in the test's temporary folder and ends with the test.
//
// The built programs are looked for in $FERRY_BIN, or in .ferry/bin of the module.
package node
