package cmd

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
)

func newClusterLs(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List your ensembles on this machine",
		Long: `Ls lists the ensembles that 'cluster up' has made, running or not, with a star
at the one in use.`,
		Example: `  zooctl cluster ls
  zooctl cluster ls -o json`,
		Annotations: localExits(),
		Args:        exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			type status = localcluster.Status
			list, err := localcluster.List(cmd.Context())
			if err != nil {
				return err
			}
			current, err := a.dirs().Current()
			if err != nil {
				return err
			}
			return a.Print(render.Table[status]{Rows: render.Rows(list), Columns: []render.Column[status]{
				{Name: "name", Cell: func(s status) any { return s.Name }},
				{Name: "used", Cell: func(s status) any {
					if s.Name == current.Cluster {
						return "*"
					}
					return "-"
				}},
				{Name: "engine", Cell: func(s status) any { return cmp.Or(s.Engine, "-") }},
				{Name: "state", Cell: func(s status) any {
					switch {
					case s.Problem != "":
						return render.State{Word: "broken", Bad: true}
					case s.Up:
						return render.State{Word: "up", Good: true}
					}
					return render.State{Word: "down"}
				}},
				{Name: "servers", Cell: func(s status) any { return cmp.Or(strings.Join(s.Servers, ","), s.Problem) }},
			}})
		},
	}
}
