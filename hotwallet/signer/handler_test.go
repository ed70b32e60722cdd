package signer

import (
	"context"
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
	"ferry/swap/rpc/rpctest"
)

// Over its socket the signer gives the same signature, and the same refusal, as
// when it is called directly.
func TestHandlerOverASocket(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	ctx := t.Context()
	pattern, handler := d.signer.Handler()
	client := ferryv1connect.NewSignerClient(rpctest.Serve(t, pattern, handler), rpc.BaseURL, rpc.ClientOptions()...)

	req := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x")
	req.Authorities[0] = d.attested(t, req.GetAuthorities()[0])
	res, err := client.SignUTXO(ctx, connect.NewRequest(req))
	if err != nil || res.Msg.GetTxid() == "" {
		t.Errorf("sign: %v", err)
	}
	req = d.spendCoins(t, req.GetAuthorities()[0], payoutSat, feeSat, "y")
	req.Authorities[0].Purpose = "bonus"
	_, err = client.SignUTXO(ctx, connect.NewRequest(req))
	wantRefusal(t, err, "authority.purpose", "not one the signer signs for")
}

// A closed signer has no keys any more: it waits out the caller's time and refuses.
func TestClosedSignerSignsNothing(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x")
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.signer.SignUTXO(ctx, connect.NewRequest(req)); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Errorf("a closed signer answers %v, want unavailable", err)
	}
}
