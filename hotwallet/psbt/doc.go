// Package psbt writes and reads transactions of the UTXO family in the form that wallet
// programs exchange them in, a partially signed Bitcoin transaction (BIP 174, version 0):
// so that people can look at what was or will be signed with a program that is not
// Ferry's, and have one that somebody sends them compared with what Ferry stores.
//
// It promises that what Of makes says the same as the stored attempt: the same
// transaction, with the whole transactions that made its coins, so that a program can tell
// the fee without believing anybody; that Read takes nothing but BIP 174's one form, of at
// most MaxBytes, whatever bytes it is given; and that Check names the first difference. It
// signs nothing and holds no key.
//
// The map of keys and values is btcd's (btcd/psbt); scan is stricter before it: no byte
// after the end, no key twice, no transaction that is written in more than one way.
//
// Bitcoin Cash has none: its programs read another format under the same name.
//
// It imports hotwallet/chain (Plan), swap/asset and btcd's libraries.
package psbt
