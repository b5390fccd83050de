package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/ops"
)

func newCd(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "cd [PATH|-]",
		Short: "Change the znode where relative paths start",
		Long: `Cd makes a znode the working directory of the shell: paths that do not begin with
a slash start there. Without a path that is the root; "-" is the one before.`,
		Example: `  cd /app
  cd ..`,
		GroupID:           groupShell,
		Annotations:       shareless(reads()),
		Args:              between(0, 1),
		ValidArgsFunction: a.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to := "/"
			switch {
			case len(args) == 1 && args[0] == "-" && a.session.last == "":
				return misused(cmd, "there is no directory before this one")
			case len(args) == 1 && args[0] == "-":
				to = a.session.last
			case len(args) == 1:
				to = a.Path(args[0])
			}
			err := a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				_, err := conn.Stat(ctx, to)
				return err
			})
			if bad, ok := errors.AsType[*ops.Error](err); ok {
				return &failure{op: "cd", path: to, err: bad.Err}
			}
			if err == nil {
				a.session.last, a.session.dir = a.session.dir, to
			}
			return err
		},
	}
}
