package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
)

func newPwd(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "pwd",
		Short: "Print the znode where relative paths start",
		Long:  `Pwd prints the working directory of the shell.`,
		Example: `  pwd
  pwd -o json`,
		GroupID:     groupShell,
		Annotations: shareless(local()),
		Args:        exactly(0),
		RunE: func(*cobra.Command, []string) error {
			return a.Print(render.Text{Text: a.session.dir, Value: created{a.session.dir}})
		},
	}
}
