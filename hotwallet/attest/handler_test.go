package attest

import (
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
	"ferry/swap/rpc/rpctest"
	"ferry/swap/swaptest"
)

// Over its socket the attestor answers and refuses as when it is called directly.
func TestHandlerOverASocket(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	ctx := t.Context()
	pattern, handler := d.attestor.Handler()
	client := ferryv1connect.NewAttestClient(rpctest.Serve(t, pattern, handler), rpc.BaseURL, rpc.ClientOptions()...)

	req := d.request(t, asset.BTC, asset.ETH, 0)
	res, err := client.Attest(ctx, connect.NewRequest(req))
	if err != nil || res.Msg.GetSignedReceipt() != d.mustAttest(t, req) {
		t.Errorf("attest: %v", err)
	}
	req.Terms.PayoutAddress = d.userBitcoin
	req.Terms.SwapId = swap.NewID(swap.SwapPrefix, testNow)
	_, err = client.Attest(ctx, connect.NewRequest(req))
	swaptest.WantRefusal(t, err, swap.CodeInvalidAddress, "terms.payout_address", "can't be paid")
	high, err := client.HighWater(ctx, connect.NewRequest(&ferryv1.HighWaterRequest{Chain: "bitcoin"}))
	if err != nil || high.Msg.GetNextIndex() != 1 {
		t.Errorf("high water is %v, %v; want 1", high, err)
	}
}
