// Package demo shows Ferry at work: it plays a user with throw-away wallets who swaps
// each asset away and gets each, on real nodes, and everybody else around: the miners,
// the faucets, the treasury's first funding, and an advertiser who sends
// dust to the fresh deposit address.
//
// It promises to pay nothing before quote and receipt are verified, to wait for
// nothing without a limit and to name what it waited for, and to hand over what
// it claims to have received so that a program of its own can ask the nodes.
// Two things go wrong on the way if Config.Trouble says so: a payout gets stuck because
// its chain's miner wants more than the wallet offers, and one fails at a contract that
// refuses it. The first must be outbid, the second be made again. And where Config.Venues
// says how, venues that prices come from are unplugged: one, which nobody may notice, and
// then all but one, for which every pair must stop and say why.
//
// It touches Ferry only through the public API; the treasury's address and
// balance are given to it, and so is what staff see of payments, and do.
//
// It imports its own folders, deploy/parts and swap.
package demo
