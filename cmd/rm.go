package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

// removal is the answer of rm as programs see it.
type removal struct {
	Path    string `json:"path"`
	Removed int    `json:"removed"`
}

func newRm(a *App) *cobra.Command {
	opts := ops.RemoveOptions{Version: ops.Any}
	cmd := &cobra.Command{
		Use:   "rm PATH…",
		Short: "Delete znodes",
		Long: `Rm deletes znodes. One with children is deleted only with -r, together with
everything below it; on a terminal that is asked for once more, unless --yes
answers. "/" and "/zookeeper" need --no-preserve-root besides.`,
		Example: `  zooctl rm /app/old
  zooctl rm -r /app`,
		GroupID:           groupZnode,
		Annotations:       writes(),
		Args:              atLeast(1),
		ValidArgsFunction: a.completePaths(many),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Recursive && opts.Version != ops.Any {
				return misused(cmd, "-v says the version of one znode, -r removes many")
			}
			paths := a.Paths(args)
			if opts.Recursive && a.Answerable && !a.yes {
				if err := a.confirm(cmd.Context(), fmt.Sprintf("rm -r deletes %s and all below.", listed(paths))); err != nil {
					return err
				}
			}
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				var all []removal
				for _, path := range paths {
					n, err := conn.Remove(ctx, path, opts)
					if err != nil {
						return err
					}
					all = append(all, removal{path, n})
				}
				return a.Print(render.Silent{Value: all})
			})
		},
	}
	cmd.Flags().BoolVarP(&opts.Recursive, "recursive", "r", false, "with everything below")
	cmd.Flags().Int32VarP(&opts.Version, "version", "v", ops.Any, "only if the version is `N`; -1 is any")
	cmd.Flags().BoolVar(&opts.NoPreserveRoot, "no-preserve-root", false, "also / and /zookeeper")
	return cmd
}

func listed(paths []string) string {
	if len(paths) == 1 {
		return paths[0]
	}
	return fmt.Sprintf("%s and %d more", paths[0], len(paths)-1)
}
