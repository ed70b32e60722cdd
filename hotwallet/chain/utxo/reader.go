package utxo

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// checkNetwork refuses a node that lacks one of the network's anchors. Once is
// enough: a node does not change networks while it runs, and blocks are checked
// to descend from each other by the caller.
func (a *Adapter) checkNetwork(ctx context.Context) error {
	if a.checked.Load() {
		return nil
	}
	for _, anchor := range a.rules.Anchors {
		var hash string
		if err := a.node.call(ctx, &hash, "getblockhash", anchor.Height); err != nil {
			return err
		}
		if hash != anchor.Hash {
			return fmt.Errorf("the node is not on %s's %s: its block %d is %.64s", a.rules.Chain, a.rules.Network, anchor.Height, hash)
		}
	}
	a.checked.Store(true)
	return nil
}

// Tip implements chain.Reader.
func (a *Adapter) Tip(ctx context.Context) (chain.Ref, error) {
	if err := a.checkNetwork(ctx); err != nil {
		return chain.Ref{}, err
	}
	return a.tip(ctx)
}

func (a *Adapter) tip(ctx context.Context) (chain.Ref, error) {
	var info struct {
		Blocks int64  `json:"blocks"`
		Best   string `json:"bestblockhash"`
	}
	if err := a.node.call(ctx, &info, "getblockchaininfo"); err != nil {
		return chain.Ref{}, err
	}
	if info.Blocks < 0 || !isHash(info.Best) {
		return chain.Ref{}, errors.New("getblockchaininfo: no best block in the answer")
	}
	return chain.Ref{Height: info.Blocks, Hash: info.Best}, nil
}

// RefAt implements chain.Reader.
func (a *Adapter) RefAt(ctx context.Context, height int64) (chain.Ref, error) {
	if err := a.checkNetwork(ctx); err != nil {
		return chain.Ref{}, err
	}
	if height < 0 {
		return chain.Ref{}, fmt.Errorf("block at height %d: %w", height, chain.ErrBlockGone)
	}
	var hash string
	err := a.node.call(ctx, &hash, "getblockhash", height)
	if isCode(err, codeOutOfRange, codeBadParameter) {
		return chain.Ref{}, fmt.Errorf("block at height %d: %w", height, chain.ErrBlockGone)
	}
	if err != nil {
		return chain.Ref{}, err
	}
	if !isHash(hash) {
		return chain.Ref{}, fmt.Errorf("getblockhash: %.80q is no hash", hash)
	}
	return chain.Ref{Height: height, Hash: hash}, nil
}

// Block implements chain.Reader. That the block is in the best chain is asked
// first: what comes with the hash is then right whatever happens in between.
func (a *Adapter) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	if !isHash(ref.Hash) {
		return chain.Block{}, fmt.Errorf("block %s: not a hash: %w", ref, chain.ErrBlockGone)
	}
	there, err := a.RefAt(ctx, ref.Height)
	if err != nil {
		return chain.Block{}, err
	}
	if there != ref {
		return chain.Block{}, fmt.Errorf("block %s: %s is at its height: %w", ref, there, chain.ErrBlockGone)
	}
	raw, err := a.rawBlock(ctx, ref)
	if err != nil {
		return chain.Block{}, err
	}
	b, err := a.readBlock(raw, ref, w)
	if err != nil {
		return chain.Block{}, fmt.Errorf("block %s: %w", ref, err)
	}
	return b, nil
}

func (a *Adapter) rawBlock(ctx context.Context, ref chain.Ref) ([]byte, error) {
	var text string
	err := a.node.call(ctx, &text, "getblock", ref.Hash, 0)
	if isCode(err, codeNotFound) {
		return nil, fmt.Errorf("block %s: %w", ref, chain.ErrBlockGone)
	}
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("block %s: %w", ref, err)
	}
	return raw, nil
}

// Held implements chain.Reader. The node can't look back: at must be its tip,
// and stay it for the time of the calls.
func (a *Adapter) Held(ctx context.Context, at chain.Ref, id asset.ID, coins, _ []string) (asset.Units, error) {
	if id != a.native {
		return asset.Units{}, fmt.Errorf("%.20q is no asset of %s", id, a.rules.Chain)
	}
	if err := a.checkTip(ctx, at); err != nil {
		return asset.Units{}, err
	}
	var sum asset.Units
	for _, id := range coins {
		value, err := a.unspent(ctx, at, id)
		if err == nil {
			sum, err = sum.Add(value)
		}
		if err != nil {
			return asset.Units{}, fmt.Errorf("coin %s: %w", id, err)
		}
	}
	return sum, a.checkTip(ctx, at)
}

func (a *Adapter) checkTip(ctx context.Context, at chain.Ref) error {
	tip, err := a.Tip(ctx)
	if err == nil && tip != at {
		err = fmt.Errorf("the tip is %s, not %s: %w", tip, at, chain.ErrBlockGone)
	}
	return err
}

// unspent is a coin's value, 0 if it is spent in a block or does not exist.
func (a *Adapter) unspent(ctx context.Context, at chain.Ref, id string) (asset.Units, error) {
	txid, index, err := splitCoin(id)
	if err != nil {
		return asset.Units{}, err
	}
	var out *struct {
		Best  string      `json:"bestblock"`
		Value json.Number `json:"value"`
	}
	err = a.node.call(ctx, &out, "gettxout", txid, index, false)
	if err != nil || out == nil {
		return asset.Units{}, err
	}
	if out.Best != at.Hash {
		return asset.Units{}, fmt.Errorf("the tip moved: %w", chain.ErrBlockGone)
	}
	return parseCoins(out.Value)
}

// CheckDestination implements chain.Reader: an address that parses can be paid.
func (a *Adapter) CheckDestination(_ context.Context, address string) error {
	_, err := a.cfg.Networks.ParseAddress(a.rules.Chain, address)
	return err
}

// parseCoins reads an amount in coins, exactly. Nodes write JSON numbers, btcd
// small ones with an exponent ("1e-08").
func parseCoins(n json.Number) (asset.Units, error) {
	r, err := parseSatoshis(n)
	if err != nil {
		return asset.Units{}, err
	}
	if !r.IsInt() {
		return asset.Units{}, fmt.Errorf("%.40q has a fraction of a satoshi", n.String())
	}
	return asset.UnitsFromBig(r.Num())
}

// parseRate reads a fee rate in coins, above zero, rounded up to whole satoshis.
// Bitcoin Core and bchd write -1 or 0 when they know none.
func parseRate(n json.Number) (uint64, error) {
	r, err := parseSatoshis(n)
	if err != nil {
		return 0, err
	}
	up := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	up.Div(up, r.Denom())
	if up.Sign() <= 0 || !up.IsUint64() {
		return 0, fmt.Errorf("%.40q is no fee rate", n.String())
	}
	return up.Uint64(), nil
}

// parseSatoshis bounds the exponent: the fraction is held in full.
func parseSatoshis(n json.Number) (*big.Rat, error) {
	text := n.String()
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	e, err := strconv.Atoi(exponent)
	if len(mantissa) > 30 || exponent != "" && (err != nil || e < -20 || e > 20) || strings.Contains(text, "/") {
		return nil, fmt.Errorf("%.40q is no amount", text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%.40q is no amount", text)
	}
	return r.Mul(r, new(big.Rat).SetInt64(1e8)), nil
}

// isHash reports 64 lower-case hexadecimal digits.
func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func splitCoin(id string) (txid string, index uint32, err error) {
	txid, text, _ := strings.Cut(id, ":")
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || !isHash(txid) || chain.CoinID(txid, uint32(n)) != id {
		return "", 0, fmt.Errorf("%.100q is no coin", id)
	}
	return txid, uint32(n), nil
}
