package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

// znode is a znode with its data as programs see it.
type znode struct {
	Path string `json:"path"`
	render.Payload
	Stat ops.Stat `json:"stat"`
}

func newGet(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "get PATH…",
		Short: "Print the data of znodes",
		Long: `Get prints the data of znodes. In a pipe it writes exactly the bytes of the
znode, nothing before and nothing after them; on a terminal control bytes are
shown escaped. JSON holds the data in data where it is UTF-8 and in data_b64
where it is not, and the Stat.`,
		Example: `  zooctl get /app/config > config.json
  zooctl get -o json /app/config`,
		GroupID:           groupZnode,
		Annotations:       reads(),
		Args:              atLeast(1),
		ValidArgsFunction: a.completePaths(many),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				view := render.Data{Many: len(args) > 1}
				for _, path := range a.Paths(args) {
					data, stat, err := conn.Get(ctx, path)
					if err != nil {
						return err
					}
					view.Items = append(view.Items, render.Datum{Name: path, Bytes: data, Value: znode{path, render.Bytes(data), stat}})
				}
				return a.Print(view)
			})
		},
	}
}
