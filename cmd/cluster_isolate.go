package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterIsolate(a *App) *cobra.Command {
	var opts localcluster.CutOptions
	cmd := a.newNodeCommand(&cobra.Command{
		Use:   "isolate SERVER…",
		Short: "Cut servers off from all others",
		Long: `Isolate cuts each of the given servers of the ensemble in use, or of --cluster, off
from all others: nothing arrives on either side, though no connection breaks.
Clients still reach an isolated server, which stops serving as soon as it has
missed its leader or its quorum. With --one-way the others hear nothing of it,
and it hears them.

It returns when the cut holds. Cuts add up, and outlast a restart of a server,
until 'cluster heal'. The servers of Apache ZooKeeper cannot be cut off yet.`,
		Example: `  zooctl cluster isolate leader
  zooctl cluster isolate 3 --one-way`,
	}, func(c *localcluster.Cluster, ctx context.Context, nodes []string) (localcluster.Status, error) {
		return c.Isolate(ctx, nodes, opts)
	})
	cutFlags(cmd, &opts)
	return cmd
}

// cutFlags are those of commands that cut links.
func cutFlags(cmd *cobra.Command, opts *localcluster.CutOptions) {
	cmd.Flags().BoolVar(&opts.OneWay, "one-way", false, "lose what the servers named first send, and nothing else")
}
