package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterHeal(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "heal [NAME]",
		Short: "End every fault of an ensemble",
		Long: `Heal makes every link between the servers of an ensemble work again and lets
paused servers go on. Those that are down stay so. It returns when a write has
been committed and read on all that run; where those are too few for a quorum,
when they answer.`,
		Example: `  zooctl cluster heal
  zooctl cluster heal dev -o json`,
		Annotations:       localExits(),
		Args:              between(0, 1),
		ValidArgsFunction: a.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onCluster(cmd, args, func(ctx context.Context, c *localcluster.Cluster, _ string) error {
				status, err := c.Heal(ctx)
				if err != nil {
					return err
				}
				return a.Print(nodes(status))
			})
		},
	}
}
