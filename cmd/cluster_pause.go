package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterPause(a *App) *cobra.Command {
	return a.newNodeCommand(&cobra.Command{
		Use:   "pause SERVER…",
		Short: "Pause servers with SIGSTOP",
		Long: `Pause stops servers of the ensemble in use, or of --cluster, where they are, with
SIGSTOP: their connections stay open and nothing is answered, as with a machine
that hangs. It returns when they stand still. 'cluster resume' and 'cluster
heal' let them go on; a paused server can also be stopped and killed.`,
		Example: `  zooctl cluster pause leader
  zooctl cluster pause 2 3`,
	}, (*localcluster.Cluster).Pause)
}
