package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
)

func newServerStatus(a *App) *cobra.Command {
	var o localcluster.ServeOptions
	cmd := &cobra.Command{
		Use:   "status --config FILE",
		Short: "Ask the server of a zoo.cfg what it is at the moment",
		Long: `Status asks the server that a zoo.cfg describes whether it leads, follows or
stands alone, and answers in the words of 'zkServer.sh status'. It exits with 1 if
the server cannot be reached or serves nobody.`,
		Example: `  zooctl server status --config zoo.cfg
  zooctl server status --config zoo.cfg -o json`,
		Annotations: local(1, 65, 66),
		Args:        exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Config == "" {
				return misused(cmd, "--config is missing: want the path of a zoo.cfg")
			}
			ctx, cancel := a.limited(cmd.Context())
			defer cancel()
			r, err := localcluster.ServerStatus(ctx, o)
			if errors.Is(err, localcluster.ErrNotRunning) || err == nil && r.Mode == "" {
				fmt.Fprintf(a.Err, "the server at %s cannot be reached, or serves nobody\n", render.Escape(r.Address))
				return exit(1)
			}
			if err != nil {
				return &failure{op: opOf(cmd), err: err}
			}
			return a.Print(render.Text{Value: r, Text: fmt.Sprintf("Client port found: %d. Client address: %s. Client SSL: false.\nMode: %s", r.Port, r.Host, r.Mode)})
		},
	}
	cmd.Flags().StringVar(&o.Config, "config", "", "the configuration in `FILE`")
	cmd.Flags().IntVar(&o.ID, "myid", 0, "it is server `N`, whatever the file myid in dataDir says")
	return cmd
}
