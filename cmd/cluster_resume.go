package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterResume(a *App) *cobra.Command {
	return a.newNodeCommand(&cobra.Command{
		Use:   "resume SERVER…",
		Short: "Let paused servers go on",
		Long: `Resume lets servers of the ensemble in use, or of --cluster, go on that were
paused. It returns when a write has been committed and read on all that can be
ready; where those are too few for a quorum, when they answer.`,
		Example: `  zooctl cluster resume all
  zooctl cluster resume 2`,
	}, (*localcluster.Cluster).Resume)
}
