package faucet

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// safeCode makes a contract that receives ether once its owner has opened it, by a call
// without ether. Until then it takes ether in simulations alone: eth_estimateGas runs at
// no gas price unless it is told one, and every real transaction has one.
//
//	init:  sstore(1, caller); return the rest
//	      callvalue → @receive
//	      caller == sload(1) → @open; revert
//	open:    sstore(0, 1); stop
//	receive: sload(0) or gasprice == 0 → @ok; revert
//	ok:      stop
const safeCode = "0x33600155602980600f6000396000f3" + // init, 15 bytes; the rest is 41
	"346018573360015414601157" + "60006000fd" +
	"5b600160005500" + "5b6000543a1517602757" + "60006000fd" + "5b00"

const safeGas = 200_000

// MakeSafe makes a contract wallet whose owner is the faucet, and which refuses ether
// until OpenSafe, but in simulations.
func (e *Ethereum) MakeSafe(ctx context.Context) (address string, err error) {
	hash, err := e.ownerSends(ctx, map[string]any{"input": hexutil.Bytes(hexutil.MustDecode(safeCode))})
	if err != nil {
		return "", fmt.Errorf("make a contract wallet: %w", err)
	}
	receipt, err := e.client.TransactionReceipt(ctx, hash)
	if err != nil {
		return "", fmt.Errorf("where the contract wallet is: %w", err)
	}
	return e.networks.ParseAddress(asset.Ethereum, receipt.ContractAddress.Hex())
}

// OpenSafe has it receive ether, for good.
func (e *Ethereum) OpenSafe(ctx context.Context, address string) error {
	if _, err := e.ownerSends(ctx, map[string]any{"to": address}); err != nil {
		return fmt.Errorf("open the contract wallet: %w", err)
	}
	return nil
}

// ownerSends returns when a transaction of the faucet's has succeeded.
func (e *Ethereum) ownerSends(ctx context.Context, transaction map[string]any) (common.Hash, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, minedLimit, fmt.Errorf("it took longer than %s", minedLimit))
	defer cancel()
	transaction["from"], transaction["gas"] = parts.GethDeveloperAddress, hexutil.Uint64(safeGas)
	hash, err := e.send(ctx, transaction)
	if err != nil {
		return hash, err
	}
	return hash, e.mined(ctx, hash)
}
