package cluster

import (
	"crypto/ed25519"
	"testing"

	"ferry/swap/asset"
)

// The policy of each set of networks is one that every daemon takes, and swaps each
// asset for each.
func TestPolicies(t *testing.T) {
	t.Parallel()
	key := make(ed25519.PublicKey, ed25519.PublicKeySize)
	for want, networks := range map[int]asset.Networks{2: DemoNetworks(), 4: TokenNetworks(), 6: EveryNetwork()} {
		d := demoDeployment(networks, key, key)
		if err := d.Validate(); err != nil {
			t.Errorf("%+v: %v", networks, err)
		}
		if len(networks.Assets()) != want || len(d.Pairs) != want*(want-1) || len(d.StaffAlone) != want {
			t.Errorf("%+v: %d assets, %d pairs, %d limits of staff, want %d assets", networks, len(networks.Assets()), len(d.Pairs), len(d.StaffAlone), want)
		}
	}
	if d := demoDeployment(DemoNetworks(), key, key); len(d.Chains[asset.Ethereum].Tokens) != 0 || len(demoChains[asset.Ethereum].Tokens) != 0 {
		t.Error("there are tokens where networks pins none")
	}
}
