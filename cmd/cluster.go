package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/config"
	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
)

func newCluster(a *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "cluster",
		Short: "Run ensembles on this machine",
		Long: `Cluster runs ensembles for development and tests on this machine: of zooctl's
own servers, which need nothing else, or of Apache ZooKeeper where it is
installed. A command without a name means the cluster in use, or "dev".

Commands on SERVER… take servers by number or as
` + localcluster.Selectors + `.`,
		Example: `  zooctl cluster up -n 3
  zooctl cluster kill leader`,
		GroupID: groupCluster,
	},
		newClusterUp(a), newClusterDown(a), newClusterLs(a), newClusterStatus(a), newClusterEnv(a), newClusterUse(a),
		newClusterStart(a), newClusterStop(a), newClusterKill(a), newClusterPause(a), newClusterResume(a),
		newClusterIsolate(a), newClusterPartition(a), newClusterHeal(a),
	)
}

// localExits are the exit codes of commands about local clusters.
func localExits(more ...int) map[string]string { return local(append(more, 65, 66, 69, 75)...) }

// clusterName is the cluster that a line means: the one that it names, or the
// one in use, or the default.
func (a *App) clusterName(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	c, err := a.chosen()
	return cmp.Or(c.Cluster, localcluster.DefaultName), err
}

// cluster opens the cluster that a line means. In the shell of a demo that is
// the ensemble of the demo, unless another is named.
func (a *App) cluster(args []string) (*localcluster.Cluster, string, error) {
	if demo := a.session.demo; demo != nil && len(args) == 0 && a.line.given.Cluster == "" {
		return demo, "of the demo", nil
	}
	name, err := a.clusterName(args)
	if err != nil {
		return nil, "", err
	}
	c, err := localcluster.Open(name)
	return c, name, err
}

// onCluster runs f on the cluster that a line means, within --timeout.
func (a *App) onCluster(cmd *cobra.Command, args []string, f func(ctx context.Context, c *localcluster.Cluster, name string) error) error {
	ctx, cancel := a.limited(cmd.Context())
	defer cancel()
	c, name, err := a.cluster(args)
	if err == nil {
		err = f(ctx, c, name)
	}
	return a.aboutCluster(ctx, cmd, name, err)
}

// aboutCluster gives a failure of localcluster the words of the command.
func (a *App) aboutCluster(ctx context.Context, cmd *cobra.Command, name string, err error) error {
	if err == nil {
		return nil
	}
	if err = late(ctx, cmd, err); errors.Is(err, errTimedOut) {
		return err
	}
	if _, ok := errors.AsType[*failure](err); ok {
		return err
	}
	return &failure{op: opOf(cmd), path: name, err: err}
}

// nodes is how the servers of a cluster are shown.
func nodes(s localcluster.Status) render.View {
	type node = localcluster.NodeStatus
	return render.Listed[node]{Value: s, Table: render.Table[node]{Rows: render.Rows(s.Nodes), Columns: []render.Column[node]{
		{Name: "server", Cell: func(n node) any { return n.ID }},
		{Name: "address", Cell: func(n node) any { return n.Address }},
		{Name: "state", Cell: func(n node) any { return stateOf(n.State) }},
		{Name: "pid", Cell: func(n node) any { return orDash(n.PID) }},
		{Name: "zxid", Cell: func(n node) any { return cmp.Or(n.Zxid, "-") }},
		{Name: "faults", Cell: func(n node) any { return cmp.Or(n.Faults(), "-") }},
		{Name: "version", Wide: true, Cell: func(n node) any { return cmp.Or(n.Version, "-") }},
	}}}
}

func orDash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func stateOf(s string) render.State {
	switch s {
	case "leader", "follower", "standalone":
		return render.State{Word: s, Good: true}
	case "stopped":
		return render.State{Word: s}
	}
	return render.State{Word: s, Bad: true}
}

// use makes a cluster the one in use, for later lines too.
func (a *App) use(name string) error {
	if a.session.lines {
		a.session.chosen = choice{Cluster: name}
	}
	return a.dirs().Choose(config.Choice{Cluster: name})
}

// newNodeCommand is a command that does something to servers of a cluster.
func (a *App) newNodeCommand(cmd *cobra.Command, act func(c *localcluster.Cluster, ctx context.Context, nodes []string) (localcluster.Status, error)) *cobra.Command {
	cmd.Annotations = localExits()
	cmd.Args = atLeast(1)
	cmd.ValidArgsFunction = a.completeNodes
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.onCluster(cmd, nil, func(ctx context.Context, c *localcluster.Cluster, _ string) error {
			status, err := act(c, ctx, args)
			if err != nil {
				return err
			}
			return a.Print(nodes(status))
		})
	}
	return cmd
}
