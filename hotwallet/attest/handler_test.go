package attest

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// Over its socket the attestor answers and refuses as when it is called directly.
func TestHandlerOverASocket(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	socket := filepath.Join(t.TempDir(), "s")
	l, err := rpc.Listen(socket, -1)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(d.attestor.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.Serve(ctx, l, mux) }()
	client := ferryv1connect.NewAttestClient(rpc.Client(socket), rpc.BaseURL, rpc.ClientOptions()...)

	req := d.request(t, asset.BTC, asset.ETH, 0)
	res, err := client.Attest(ctx, connect.NewRequest(req))
	if err != nil || res.Msg.GetSignedReceipt() != d.mustAttest(t, req) {
		t.Errorf("attest: %v", err)
	}
	req.Terms.PayoutAddress = d.userBitcoin
	req.Terms.SwapId = swap.NewID(swap.SwapPrefix, testNow)
	_, err = client.Attest(ctx, connect.NewRequest(req))
	wantRefusal(t, err, swap.CodeInvalidAddress, "terms.payout_address", "can't be paid")
	high, err := client.HighWater(ctx, connect.NewRequest(&ferryv1.HighWaterRequest{Chain: "bitcoin"}))
	if err != nil || high.Msg.GetNextIndex() != 1 {
		t.Errorf("high water is %v, %v; want 1", high, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}
