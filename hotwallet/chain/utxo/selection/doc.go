// Package selection chooses the coins of a payment on a UTXO chain.
//
// It promises that a choice covers what is needed, has no coin twice and no more than
// the limit, and costs the least waste of three ways to choose: branch and bound for a
// sum that needs no change (Erhardt, "An Evaluation of Coin Selection Strategies",
// 2016), single random draw, and largest first. Waste (Bitcoin Core, coinselection.cpp)
// is what the inputs cost now beyond what they would cost at the long-term rate, and
// what is thrown away or spent on making change. Where fees are below the long-term
// rate that favours many inputs, so small coins are brought together when it is cheap.
//
// Each way alone is worse over many payments, also against all subsets of small sets;
// the package's tests print by how much.
//
// It is pure, and imports the standard library only.
package selection
