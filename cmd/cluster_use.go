package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterUse(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "use NAME",
		Short: "Make an ensemble the one that later commands use",
		Long: `Use makes an ensemble of this machine the one that commands work on which name
none, until another is chosen or it is brought down.`,
		Example: `  zooctl cluster use dev
  zooctl cluster use test && zooctl ls /`,
		Annotations:       localExits(),
		Args:              exactly(1),
		ValidArgsFunction: a.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onCluster(cmd, args, func(context.Context, *localcluster.Cluster, string) error { return a.use(args[0]) })
		},
	}
}
