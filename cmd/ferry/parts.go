package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/migrations"
	"ferry/swap/asset"
)

// kafkaCommand is the embedded broker as a process; the cluster starts it.
func kafkaCommand() *cobra.Command {
	var config parts.KafkaConfig
	cmd := &cobra.Command{Use: "kafka", Short: "Run the embedded Kafka broker", Hidden: true, Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return parts.RunKafka(cmd.Context(), config) }}
	cmd.Flags().StringVar(&config.Dir, "dir", "", "folder of its data")
	cmd.Flags().IntVar(&config.Port, "port", 0, "port on the loopback interface")
	return cmd
}

func migrateCommand(a *app) *cobra.Command {
	return &cobra.Command{Use: "migrate", Short: "Bring the database at DATABASE_URL to the newest version", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, ok := a.lookup("DATABASE_URL")
			if !ok || url == "" {
				return usage("set DATABASE_URL to a database and a role that may create schemas and roles")
			}
			return migrations.Up(cmd.Context(), url)
		}}
}

// faucetCommand pays worthless coins of the demo's chains.
func faucetCommand(a *app) *cobra.Command {
	return &cobra.Command{Use: "faucet <chain or asset> <address> <amount>", Args: exactly(3), Hidden: true,
		Short: "Pay coins of the running demo's own chains to an address, as any user's wallet would",
		RunE: func(cmd *cobra.Command, args []string) error {
			paid, err := parseCoin(args[0])
			if err != nil {
				return err
			}
			s, err := cluster.ReadSettings(a.root)
			if err != nil {
				return err
			}
			d, err := deployment.Load(s.Deployment)
			if err != nil {
				return err
			}
			networks := d.Networks
			address, err := networks.ParseAddress(paid.Chain, args[1])
			if err != nil {
				return usage("address %.80q: %v", args[1], err)
			}
			txid, err := faucet.Give(cmd.Context(), faucet.Nodes{UTXO: utxoNodes(s, networks), Ethereum: s.Ethereum.URL, Networks: networks},
				paid.ID, address, args[2])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s %s paid to %s by %s\n", args[2], paid.ID, address, txid)
			return err
		}}
}

// parseCoin is a chain's own asset, or the asset that is named itself.
func parseCoin(name string) (asset.Asset, error) {
	if known, ok := asset.Lookup(asset.ID(name)); ok {
		return known, nil
	}
	chain, err := parseChain(name)
	if err != nil {
		return asset.Asset{}, err
	}
	native, ok := chain.Native()
	if !ok {
		return asset.Asset{}, usage("chain %s has no asset of its own", chain)
	}
	return native, nil
}
