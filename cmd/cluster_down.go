package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/config"
	"github.com/zooctl/zooctl/localcluster"
)

func newClusterDown(a *App) *cobra.Command {
	var all, keep bool
	cmd := &cobra.Command{
		Use:   "down [NAME]",
		Short: "Stop an ensemble and delete its data",
		Long: `Down stops every server of an ensemble and deletes all that there is of it, its
data too unless --keep-data. If the ensemble was the one in use, none is then.`,
		Example: `  zooctl cluster down
  zooctl cluster down --all`,
		Annotations:       localExits(),
		Args:              between(0, 1),
		ValidArgsFunction: a.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !all {
				return a.onCluster(cmd, args, func(ctx context.Context, c *localcluster.Cluster, name string) error {
					if c == a.session.demo {
						return misused(cmd, "the ensemble of the demo ends with its shell: 'exit'")
					}
					return a.down(ctx, c, name, keep)
				})
			}
			if len(args) > 0 {
				return misused(cmd, "--all and a name are both given")
			}
			ctx, cancel := a.limited(cmd.Context())
			defer cancel()
			list, err := localcluster.List(ctx)
			for _, s := range list {
				c, e := localcluster.Open(s.Name)
				if e == nil {
					e = a.down(ctx, c, s.Name, keep)
				}
				err = errors.Join(err, a.aboutCluster(ctx, cmd, s.Name, e))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every cluster of yours")
	cmd.Flags().BoolVar(&keep, "keep-data", false, "keep what the servers have written, for the next up")
	return cmd
}

func (a *App) down(ctx context.Context, c *localcluster.Cluster, name string, keep bool) error {
	if err := c.Down(ctx, keep); err != nil {
		return err
	}
	end := "its data is deleted"
	if keep {
		end = "its data is kept"
	}
	fmt.Fprintf(a.Err, "cluster %s is down; %s\n", name, end)
	if a.session.chosen.Cluster == name {
		a.session.chosen = choice{}
	}
	current, err := a.dirs().Current()
	if err != nil || current.Cluster != name {
		return err
	}
	return a.dirs().Choose(config.Choice{})
}
