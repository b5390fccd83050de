package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterStart(a *App) *cobra.Command {
	return a.newNodeCommand(&cobra.Command{
		Use:   "start SERVER…",
		Short: "Start servers that are down",
		Long: `Start starts servers of the ensemble in use, or of --cluster, that were stopped or
killed, with their data. It returns when a write has been committed and read on
all that run; where those are too few for a quorum, when they run.`,
		Example: `  zooctl cluster start 2
  zooctl cluster start all`,
	}, (*localcluster.Cluster).Start)
}
