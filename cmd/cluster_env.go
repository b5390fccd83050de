package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
)

// environment is the answer of cluster env as programs see it.
type environment struct {
	Name    string   `json:"name"`
	Servers []string `json:"servers"`
	Connect string   `json:"connect"` // the servers as connection strings have them
	Engine  string   `json:"engine"`
}

func newClusterEnv(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "env [NAME]",
		Short: "Print what a script needs to use an ensemble",
		Long: `Env prints a line for a POSIX shell that sets ZOOCTL_SERVERS to the servers of an
ensemble. JSON has the servers as a list and as a connection string.`,
		Example: `  eval "$(zooctl cluster env)"
  zooctl cluster env -o json`,
		Annotations:       localExits(),
		Args:              between(0, 1),
		ValidArgsFunction: a.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onCluster(cmd, args, func(ctx context.Context, c *localcluster.Cluster, _ string) error {
				s, err := c.Status(ctx)
				if err != nil {
					return err
				}
				if !s.Up {
					return localcluster.ErrNotRunning
				}
				connect := strings.Join(s.Servers, ",")
				return a.Print(render.Text{Text: "export ZOOCTL_SERVERS=" + connect, Value: environment{s.Name, s.Servers, connect, s.Engine}})
			})
		},
	}
}
