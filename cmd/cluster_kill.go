package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterKill(a *App) *cobra.Command {
	return a.newNodeCommand(&cobra.Command{
		Use:   "kill SERVER…",
		Short: "Kill servers with SIGKILL",
		Long: `Kill ends servers of the ensemble in use, or of --cluster, as a power cut would:
with SIGKILL, and no time to say anything. Their data stays as it is on disk.`,
		Example: `  zooctl cluster kill leader
  zooctl cluster kill majority`,
	}, (*localcluster.Cluster).Kill)
}
