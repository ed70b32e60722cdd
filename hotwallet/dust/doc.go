// Package dust says below which amount a deposit of a chain is dust: what it costs to
// spend it at today's fees. The threshold is published in each deposit's facts and with
// the balances, and follows the node's fee estimate.
//
// It promises that the threshold stays between a configured floor and ceiling; that it
// is smoothed, so that a spike of fees moves it little and it stands still while fees
// only tremble; that it goes on after a restart from where it stood; and that a node
// without an answer changes nothing. A token's threshold is the configured one: what
// spending it costs is paid in another asset, and no price is known here.
//
// It imports hotwallet/chain and swap/asset.
package dust
