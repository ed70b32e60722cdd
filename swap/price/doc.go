// Package price is what an amount is worth at a price: the one computation behind a
// locked quote (liquidity) and behind the quote that follows an amount as it is typed
// (gateway/stream). Given the same ratio, fee and network fee, the two agree to the
// last place, because they are the same functions.
//
// Its tests are liquidity's, where a price comes from.
//
// Its functions are pure and round once, in favour of liquidity. It imports
// swap and swap/asset.
package price
