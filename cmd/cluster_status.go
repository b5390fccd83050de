package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterStatus(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show the servers of an ensemble",
		Long: `Status shows what each server of an ensemble is: leader, follower, standalone,
waiting for a quorum, paused, stopped, killed, or dead if it ended by itself; and
which of its links are cut.`,
		Example: `  zooctl cluster status
  zooctl cluster status dev -o json`,
		Annotations:       localExits(),
		Args:              between(0, 1),
		ValidArgsFunction: a.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onCluster(cmd, args, func(ctx context.Context, c *localcluster.Cluster, _ string) error {
				status, err := c.Status(ctx)
				if err != nil {
					return err
				}
				return a.Print(nodes(status))
			})
		},
	}
}
