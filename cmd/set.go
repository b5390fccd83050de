package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

func newSet(a *App) *cobra.Command {
	var v value
	version := ops.Any
	cmd := &cobra.Command{
		Use:   "set PATH [VALUE|-]",
		Short: "Replace the data of a znode",
		Long: `Set replaces the data of a znode that exists. The value is the argument, all of
stdin for "-", or the content of --file; their bytes are taken as they are.
With -v it does so only if the znode still has that version, and fails with 65
if it has changed since.`,
		Example: `  zooctl set /app/config '{"replicas":5}'
  zooctl set -v 3 /app/config - < config.json`,
		GroupID:           groupZnode,
		Annotations:       writes(),
		Args:              between(1, 2),
		ValidArgsFunction: a.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := a.Path(args[0])
			data, given, err := v.read(a, cmd, path, args[1:])
			if err != nil {
				return err
			}
			if !given {
				return misused(cmd, "a value is missing: want VALUE, - or --file F")
			}
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				stat, err := conn.Set(ctx, path, data, version)
				if err != nil {
					return err
				}
				return a.Print(render.Silent{Value: status{path, stat}})
			})
		},
	}
	v.flag(cmd)
	cmd.Flags().Int32VarP(&version, "version", "v", ops.Any, "only if the version is `N`; -1 is any")
	return cmd
}
