package signer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func TestInitKeepsTheSeedEncryptedAndPrivate(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	for path, want := range map[string]os.FileMode{
		filepath.Join(d.config.Dir, seedName): 0o400, d.config.KeyFile: 0o400, filepath.Join(d.config.Dir, memoryName): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), info.Mode().Perm(), want)
		}
	}
	seed, err := openSeed(filepath.Join(d.config.Dir, seedName), d.config.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(d.config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 5 {
		t.Errorf("the folder holds %d files, want seed, memory, switches, log and public keys", len(entries))
	}
	for _, entry := range entries {
		path := filepath.Join(d.config.Dir, entry.Name())
		if entry.IsDir() {
			path = segmentPath(path, 1)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, seed) || bytes.Contains(raw, []byte("prv")) || bytes.Contains(raw, []byte("AGE-SECRET-KEY")) {
			t.Errorf("%s holds a secret in the clear", entry.Name())
		}
	}
	raw, err := os.ReadFile(PublicKeysFile(d.config.Dir))
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := keys.ParseAccounts(swaptest.Networks, raw)
	if err != nil {
		t.Fatalf("the public keys as the others read them: %v", err)
	}
	theirs, err := accounts.Derive(asset.Bitcoin, keys.Deposit, keys.External, 7)
	if err != nil || theirs.Address != d.key(t, keys.Deposit, keys.External, 7).Address {
		t.Errorf("address 7 is %s (%v) to the others, want the signer's own", theirs.Address, err)
	}
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	before, err := os.ReadFile(filepath.Join(d.config.Dir, seedName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Init(d.config.Dir, d.config.KeyFile, everyChain); !errors.Is(err, ErrInitialised) {
		t.Errorf("a second time: %v, want ErrInitialised", err)
	}
	if _, err := Init(d.config.Dir, filepath.Join(t.TempDir(), "other.key"), swaptest.Networks); !errors.Is(err, ErrInitialised) {
		t.Errorf("with another key file: %v, want ErrInitialised", err)
	}
	if after, err := os.ReadFile(filepath.Join(d.config.Dir, seedName)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the seed was overwritten (%v)", err)
	}
	dir := t.TempDir()
	if _, err := Init(dir, filepath.Join(dir, "key"), swaptest.Networks); err == nil || !strings.Contains(err.Error(), "next to the seed") {
		t.Errorf("key file next to the seed: %v", err)
	}
	if _, err := Init(filepath.Join(dir, "s"), filepath.Join(dir, "key"), asset.Networks{Bitcoin: "moonnet", EthereumChainID: 1}); err == nil {
		t.Error("an unknown network was accepted")
	}
	if _, err := Init("", "key", swaptest.Networks); err == nil {
		t.Error("no folder was accepted")
	}
}

// Setup: a signer of two chains that has signed. Test: with two more chains it has the
// same keys and the same memory, and signs there too; with those of another network, or
// over another seed's keys, it is left as it is.
func TestChainsAreAdded(t *testing.T) {
	t.Parallel()
	d := &desk{reporter: t, quoteKey: ed25519Key(t), attestKey: ed25519Key(t), userBitcoin: foreignAddress(t, asset.Bitcoin), userCash: foreignAddress(t, asset.BitcoinCash)}
	dir := t.TempDir()
	d.config = Config{Dir: filepath.Join(dir, "signer"), KeyFile: filepath.Join(dir, "key", "signer.key"), Networks: swaptest.Networks,
		QuoteKeys: publicKeys(d.quoteKey), AttestKeys: publicKeys(d.attestKey), Caps: DefaultCaps(), Rules: testRules()}
	two, err := Init(d.config.Dir, d.config.KeyFile, swaptest.Networks)
	if err != nil {
		t.Fatal(err)
	}
	d.open(t)
	t.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			t.Error(err)
		}
	})
	paid := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x")
	first, err := d.signBitcoin(paid)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	mainnet := everyChain
	mainnet.Bitcoin = "mainnet"
	if _, err := Init(d.config.Dir, d.config.KeyFile, mainnet); err == nil || errors.Is(err, ErrInitialised) {
		t.Errorf("on another network: %v", err)
	}
	four, err := Init(d.config.Dir, d.config.KeyFile, everyChain)
	if err != nil || four.BitcoinHot != two.BitcoinHot || four.LitecoinHot == "" || four.BitcoinCashDeposit == "" {
		t.Fatalf("two chains more: %+v, %v", four, err)
	}
	d.config.Networks = everyChain
	d.open(t)
	if again, err := d.signBitcoin(paid); err != nil || !bytes.Equal(again.GetRawTx(), first.GetRawTx()) {
		t.Errorf("what was signed before: %v", err)
	}
	other := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "b"), payoutSat, feeSat, "x")
	_, err = d.signBitcoin(other)
	wantRefusal(t, err, "unsigned_tx", "was signed for another")
	if _, err := d.signBitcoin(d.spendOn(t, asset.BitcoinCash, d.authority(t, swap.PurposePayout, asset.ETH, asset.BCH, "c"), payoutSat, feeSat, "x")); err != nil {
		t.Errorf("on a chain that was added: %v", err)
	}
	if _, err := Init(d.config.Dir, d.config.KeyFile, everyChain); !errors.Is(err, ErrInitialised) {
		t.Errorf("once more: %v, want ErrInitialised", err)
	}
}

// A crash after any step is completed by calling Init again; before that the
// signer does not open.
func TestInitCompletesAfterACrash(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"key file", "seed", "memory", "switches"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := Config{Dir: filepath.Join(dir, "signer"), KeyFile: filepath.Join(dir, "key", "k"), Networks: swaptest.Networks,
				QuoteKeys: publicKeys(ed25519Key(t)), AttestKeys: publicKeys(ed25519Key(t)), Caps: DefaultCaps(), Rules: testRules()}
			crash := errors.New("power cut")
			i := installer{dir: c.Dir, keyFile: c.KeyFile, networks: swaptest.Networks, after: func(done string) error {
				if done == step {
					return crash
				}
				return nil
			}}
			if _, err := i.run(); !errors.Is(err, crash) {
				t.Fatalf("the crash itself: %v", err)
			}
			if s, err := Open(c); err == nil {
				t.Fatalf("a half-made signer opened: %v", s)
			}
			// What a torn write would leave is cleared away, too.
			restore(t, filepath.Join(c.Dir, memoryName+".tmp"), []byte("torn"))
			kept, keptErr := os.ReadFile(filepath.Join(c.Dir, seedName))
			file, err := Init(c.Dir, c.KeyFile, swaptest.Networks)
			if err != nil {
				t.Fatalf("completing: %v", err)
			}
			if now, err := os.ReadFile(filepath.Join(c.Dir, seedName)); keptErr == nil && (err != nil || !bytes.Equal(kept, now)) {
				t.Errorf("the seed changed while completing (%v)", err)
			}
			s, err := Open(c)
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			if s.PublicKeys() != file {
				t.Error("the public keys are not those of the seed")
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInitNeedsTheKeyOfAnUnfinishedSeed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seedDir, keyFile := filepath.Join(dir, "signer"), filepath.Join(dir, "key", "k")
	i := installer{dir: seedDir, keyFile: keyFile, networks: swaptest.Networks, after: func(done string) error {
		if done == "seed" {
			return errors.New("power cut")
		}
		return nil
	}}
	if _, err := i.run(); err == nil {
		t.Fatal("the crash did not happen")
	}
	if err := os.Rename(keyFile, keyFile+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(seedDir, keyFile, swaptest.Networks); err == nil || !strings.Contains(err.Error(), "bring the key file back") {
		t.Errorf("without the key file: %v", err)
	}
	lock, err := lockFolder(seedDir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Init(seedDir, keyFile+".away", swaptest.Networks); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("while another process prepares it: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	d, other := deskFor(t), deskFor(t)
	if err := d.signer.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := os.ReadFile(d.config.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	otherKey, err := os.ReadFile(other.config.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	capped := func(id asset.ID, change func(*Cap)) func(*Config) {
		return func(c *Config) {
			limit := DefaultCaps()[id]
			change(&limit)
			c.Caps = Caps{id: limit}
		}
	}
	for name, c := range map[string]struct {
		change   func(c *Config)
		sentence string
	}{
		"the key of another seed": {func(c *Config) { c.KeyFile = other.config.KeyFile }, ErrKeyFile.Error()},
		"no key file":             {func(c *Config) { c.KeyFile = filepath.Join(dir, "none") }, "read key file"},
		"a key file others read":  {func(c *Config) { c.KeyFile = write("open", string(key), 0o644) }, "mode 0644"},
		"no key in it":            {func(c *Config) { c.KeyFile = write("empty", "nothing\n", 0o400) }, "not a key file"},
		"two keys in it":          {func(c *Config) { c.KeyFile = write("two", string(key)+string(otherKey), 0o400) }, "2 keys"},
		"a huge key file":         {func(c *Config) { c.KeyFile = write("huge", strings.Repeat("#", maxSecretFile+1), 0o400) }, "at most"},
		"no folder":               {func(c *Config) { c.Dir = filepath.Join(dir, "none") }, "read seed"},
		"no folder named":         {func(c *Config) { c.Dir = "" }, "must both be named"},
		"another network":         {func(c *Config) { c.Networks.Bitcoin = "mainnet" }, "not of this seed on networks {Bitcoin:mainnet"},
		"another chain id":        {func(c *Config) { c.Networks.EthereumChainID = 1 }, "another seed or network"},
		"no network":              {func(c *Config) { c.Networks = asset.Networks{} }, "not positive"},
		"nobody's quotes":         {func(c *Config) { c.QuoteKeys = nil }, "liquidityd and attestd"},
		"nobody's receipts":       {func(c *Config) { c.AttestKeys = nil }, "liquidityd and attestd"},
		"a cap of nothing":        {func(c *Config) { c.Caps = Caps{asset.BTC: {}} }, "above zero"},
		"a cap on no asset":       {func(c *Config) { c.Caps = Caps{"DOGE": DefaultCaps()[asset.BTC]} }, "not known"},
		"a fee of more than all": {func(c *Config) {
			limit := DefaultCaps()[asset.BTC]
			limit.FeeBasisPoints = basisPoints + 1
			c.Caps = Caps{asset.BTC: limit}
		}, "between 1 and 10000"},
		"ether without gas": {func(c *Config) {
			limit := DefaultCaps()[asset.ETH]
			limit.Gas = 0
			c.Caps = Caps{asset.ETH: limit}
		}, "below 21000"},
		"less in an hour than at once":      {capped(asset.BTC, func(l *Cap) { l.PerHour = asset.NewUnits(1) }), "per_hour must be at least per_transaction"},
		"less in a day than in an hour":     {capped(asset.USDT, func(l *Cap) { l.PerDay = asset.NewUnits(1) }), "per_day at least per_hour"},
		"less fees in an hour than at once": {capped(asset.ETH, func(l *Cap) { l.FeePerHour = asset.NewUnits(1) }), "fee_per_hour must be at least fee"},
		"no fees in a day":                  {capped(asset.ETH, func(l *Cap) { l.FeePerDay = asset.Units{} }), "fee_per_day at least fee_per_hour"},
		"any share of coins":                {capped(asset.BTC, func(l *Cap) { l.FeeAnyShare = asset.NewUnits(1) }), "native asset of a chain of accounts"},
		"more for any share than at all":    {capped(asset.ETH, func(l *Cap) { l.FeeAnyShare = l.FeePerHour }), "at most fee"},
		"a token's fees":                    {capped(asset.USDC, func(l *Cap) { l.FeePerDay = asset.NewUnits(1) }), "a token has none"},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := d.config
			c.change(&c2)
			_, err := Open(c2)
			if err == nil || !strings.Contains(err.Error(), c.sentence) {
				t.Fatalf("error is %v, want one that says %q", err, c.sentence)
			}
			if strings.Contains(err.Error(), "AGE-SECRET-KEY") {
				t.Error("the error tells the key")
			}
		})
	}
}

func TestSeedFileThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	path := filepath.Join(t.TempDir(), "seed.age")
	good, err := os.ReadFile(filepath.Join(d.config.Dir, seedName))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := readIdentity(d.config.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	short, err := encryptSeed(make([]byte, seedSize-1), identity)
	if err != nil {
		t.Fatal(err)
	}
	long, err := encryptSeed(make([]byte, seedSize+1), identity)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, content := range map[string][]byte{
		"flipped": flipped, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "empty": {}, "short seed": short, "long seed": long,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if seed, err := openSeed(path, d.config.KeyFile); err == nil {
			t.Errorf("%s: opened as a seed of %d bytes", name, len(seed))
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSeed(path, d.config.KeyFile); err != nil {
		t.Errorf("the untouched file: %v", err)
	}
}

func TestOpenForbidsDumps(t *testing.T) {
	t.Parallel()
	deskFor(t)
	limits, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		t.Fatal(err)
	}
	var soft, hard string
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			if _, err := fmt.Sscan(rest, &soft, &hard); err != nil {
				t.Fatal(err)
			}
		}
	}
	if soft != "0" || hard != "0" {
		t.Errorf("core files may have %s (%s) bytes, want none", soft, hard)
	}
	if dumpable, err := dumpable(); err != nil || dumpable != 0 {
		t.Errorf("the process is dumpable: %d, %v", dumpable, err)
	}
}
