package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

// clearing is how long a demo may take to remove what it made.
const clearing = 20 * time.Second

func newDemo(a *App) *cobra.Command {
	spec := localcluster.Spec{Name: "demo"}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Open a shell on a throw-away ensemble",
		Long: `Demo starts an ensemble that nobody else knows of, opens the shell on it, and
removes every process and file of it at the end, however the end comes. Lines on
stdin are run one after the other; demo exits with the status of the first that
fails.`,
		Example: `  zooctl demo
  printf 'create /a hello\nget /a\n' | zooctl demo -n 1`,
		GroupID:     groupCluster,
		Annotations: localExits(),
		Args:        exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.session.lines {
				return misused(cmd, "this is a shell already")
			}
			if a.line.given.count() > 0 {
				return misused(cmd, "demo makes an ensemble of its own: --servers, --cluster and --context do not go with it")
			}
			if spec.Size < 1 {
				return misused(cmd, "-n %d: an ensemble has at least 1 server", spec.Size)
			}
			cluster, status, err := localcluster.Temporary(cmd.Context(), spec)
			if err != nil {
				return a.aboutCluster(cmd.Context(), cmd, "", err)
			}
			if a.Answerable {
				fmt.Fprintf(a.Err, "%d servers are ready after %v at %s\nTab completes, 'help' explains, 'exit' ends and removes all.\n",
					len(status.Servers), status.ReadyIn.Round(time.Millisecond), strings.Join(status.Servers, ","))
			}
			a.session.demo = cluster
			a.session.chosen = choice{Servers: strings.Join(status.Servers, ",")}
			code := a.lines(cmd.Context(), "")
			a.session.close()
			a.session.demo = nil
			ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), clearing)
			defer cancel()
			if err := cluster.Down(ctx, false); err != nil {
				return a.aboutCluster(ctx, cmd, "", err)
			}
			return exit(code)
		},
	}
	cmd.Flags().IntVarP(&spec.Size, "size", "n", 3, "`N` servers")
	cmd.Flags().StringVar(&spec.Engine, "engine", "embedded", "`ENGINE`: embedded or apache")
	cmd.Flags().StringVar(&spec.Dist, "dist", "", "apache: the distribution in the folder `DIR`")
	return cmd
}

// exit is the end of a command whose lines have told the user why.
func exit(code int) error {
	if code == 0 {
		return nil
	}
	return reported(code)
}
