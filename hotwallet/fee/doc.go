// Package fee says what to offer for room in a block: Estimator puts together what a
// chain's node estimates, what the newest blocks were paid, and what a service from
// outside recommends if one is configured. How an offer rises towards its deadline is the
// payment engine's (payment.Rising).
//
// It promises that no single source decides alone where there is another, that an old
// answer counts for nothing, that a rate is within the node's floor and the configured
// ceiling, and that there is always one: where no source is fresh it is the configured
// fallback, with an alarm.
//
// It imports hotwallet/chain and swap/asset.
package fee
