// Package bitcoincash is the chain.Adapter for Bitcoin Cash: the UTXO family with
// CashAddr, no witnesses and no replacement. Our coins are P2PKH.
//
// Tokens hang on outputs there, and whoever spends one without knowing burns them.
// So an output that carries CashTokens (CHIP-2022-02: a prefix before the script) is
// no deposit, whoever's address is beneath, and is told to Config.Quarantined; and a
// coin of 1000 satoshis or less, on which an SLP token may hang that only an
// OP_RETURN elsewhere in its transaction shows, is recorded as the little money that
// it is and never spent. The satoshis of a larger output are deposited and spent as
// such, whatever an OP_RETURN beside them claims.
//
// Signatures carry FORKID, so that no payment of one chain is valid on the other;
// signing is not done here. Blocks that both chains share do not tell them apart, so
// on the main network the node has to have a block that only Bitcoin Cash has.
//
// It imports hotwallet/chain/utxo, swap/asset and btcd's address and txscript.
package bitcoincash
