package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

func newLs(a *App) *cobra.Command {
	var opts ops.ListOptions
	cmd := &cobra.Command{
		Use:   "ls [PATH…]",
		Short: "List the children of znodes",
		Long: `Ls prints the name of each child of a znode, one to a line, in name order.
Where the names alone would not tell, with -R or several paths, it prints full
paths. Without a path it lists the working directory of the shell, or the root.

JSON has both, as path and name, and with -l the whole Stat.`,
		Example: `  zooctl ls /app
  zooctl ls -R -l /app`,
		GroupID:           groupZnode,
		Annotations:       reads(),
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.completePaths(many),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				entries, err := conn.List(ctx, a.Paths(args), opts)
				if err != nil {
					return err
				}
				return a.Print(listing(entries, opts.Recursive || len(args) > 1, opts.Long))
			})
		},
	}
	cmd.Flags().BoolVarP(&opts.Recursive, "recursive", "R", false, "list the whole subtree; -r is the same")
	cmd.Flags().BoolVarP(&opts.Long, "long", "l", false, "with size, number of children, version, time of change and owner")
	alsoLetter(cmd.Flags(), "recursive", "r")
	return cmd
}

// alsoLetter gives a flag a second letter.
func alsoLetter(flags *pflag.FlagSet, name, letter string) {
	flags.VarPF(flags.Lookup(name).Value, "also-"+name, letter, "").Hidden = true
	flags.Lookup("also-" + name).NoOptDefVal = "true"
}

// listing is how znodes are shown in a list.
func listing(entries []ops.Entry, full, long bool) render.View {
	columns := []render.Column[ops.Entry]{{Name: "path", Cell: func(e ops.Entry) any {
		if full {
			return e.Path
		}
		return e.Name
	}}}
	if long {
		columns = append(columns,
			render.Column[ops.Entry]{Name: "size", Cell: func(e ops.Entry) any { return render.Size(e.Stat.DataLength) }},
			render.Column[ops.Entry]{Name: "children", Cell: func(e ops.Entry) any { return e.Stat.NumChildren }},
			render.Column[ops.Entry]{Name: "version", Cell: func(e ops.Entry) any { return e.Stat.Version }},
			render.Column[ops.Entry]{Name: "modified", Cell: func(e ops.Entry) any { return e.Stat.Modified() }},
			render.Column[ops.Entry]{Name: "owner", Cell: func(e ops.Entry) any { return owner(e.Stat) }},
		)
	}
	return render.Table[ops.Entry]{Rows: render.Rows(entries), Columns: columns}
}

// owner is the session that an ephemeral znode belongs to.
func owner(s *ops.Stat) string {
	if s.EphemeralOwner == 0 {
		return "-"
	}
	return fmt.Sprintf("0x%x", uint64(s.EphemeralOwner))
}
