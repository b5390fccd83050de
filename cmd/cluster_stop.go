package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterStop(a *App) *cobra.Command {
	return a.newNodeCommand(&cobra.Command{
		Use:   "stop SERVER…",
		Short: "Stop servers",
		Long: `Stop asks servers of the ensemble in use, or of --cluster, to end (SIGTERM) and
returns when they have. Their data stays.`,
		Example: `  zooctl cluster stop followers
  zooctl cluster stop all`,
	}, (*localcluster.Cluster).Stop)
}
