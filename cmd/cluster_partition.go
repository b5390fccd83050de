package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterPartition(a *App) *cobra.Command {
	var opts localcluster.CutOptions
	cmd := a.newNodeCommand(&cobra.Command{
		Use:   "partition SERVER[,SERVER]… …",
		Short: "Cut the links between groups of servers",
		Long: `Partition cuts the links between groups of servers of the ensemble in use, or of
--cluster. Each argument is a group: servers with commas between them. Those that
none names are one more group. Nothing arrives on the other side of a cut, though
no connection breaks; clients still reach every server. With --one-way only what
a group sends to those after it is lost.

It returns when the cut holds. Cuts add up, and outlast a restart of a server,
until 'cluster heal'. The servers of Apache ZooKeeper cannot be cut off yet.`,
		Example: `  zooctl cluster partition 1,2 3,4,5
  zooctl cluster partition leader --one-way`,
	}, func(c *localcluster.Cluster, ctx context.Context, args []string) (localcluster.Status, error) {
		var groups [][]string
		for _, arg := range args {
			groups = append(groups, strings.Split(arg, ","))
		}
		return c.Partition(ctx, groups, opts)
	})
	cutFlags(cmd, &opts)
	cmd.ValidArgsFunction = a.completeGroups
	return cmd
}

// completeGroups offers the selectors of servers behind each comma.
func (a *App) completeGroups(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	cut := strings.LastIndexByte(word, ',') + 1
	found, directive := a.completeNodes(cmd, args, word[cut:])
	for i := range found {
		found[i] = word[:cut] + found[i]
	}
	return found, directive
}
