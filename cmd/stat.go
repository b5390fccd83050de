package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

// status is the Stat of a znode as programs see it.
type status struct {
	Path string   `json:"path"`
	Stat ops.Stat `json:"stat"`
}

func newStat(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "stat PATH…",
		Short: "Show what the servers know of znodes besides their data",
		Long: `Stat shows versions, transaction ids, times, owner, size and number of children
of a znode. Of several znodes it makes a table.`,
		Example: `  zooctl stat /app/config
  zooctl stat -o json /app/config`,
		GroupID:           groupZnode,
		Annotations:       reads(),
		Args:              atLeast(1),
		ValidArgsFunction: a.completePaths(many),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				var all []status
				for _, path := range a.Paths(args) {
					stat, err := conn.Stat(ctx, path)
					if err != nil {
						return err
					}
					all = append(all, status{path, stat})
				}
				if len(all) > 1 {
					return a.Print(stats(all))
				}
				return a.Print(statRecord(all[0]))
			})
		},
	}
}

// statFields are the parts of a Stat in the order of ZooKeeper's own tools.
var statFields = []struct {
	name string
	cell func(*ops.Stat) any
}{
	{"czxid", func(s *ops.Stat) any { return render.Hex(s.Czxid) }},
	{"ctime", func(s *ops.Stat) any { return s.Created() }},
	{"mzxid", func(s *ops.Stat) any { return render.Hex(s.Mzxid) }},
	{"mtime", func(s *ops.Stat) any { return s.Modified() }},
	{"pzxid", func(s *ops.Stat) any { return render.Hex(s.Pzxid) }},
	{"cversion", func(s *ops.Stat) any { return s.Cversion }},
	{"version", func(s *ops.Stat) any { return s.Version }},
	{"aversion", func(s *ops.Stat) any { return s.Aversion }},
	{"ephemeralOwner", func(s *ops.Stat) any { return owner(s) }},
	{"dataLength", func(s *ops.Stat) any { return render.Size(s.DataLength) }},
	{"numChildren", func(s *ops.Stat) any { return s.NumChildren }},
}

func statRecord(s status) render.View {
	fields := []render.Field{{Name: "path", Value: s.Path}}
	for _, f := range statFields {
		fields = append(fields, render.Field{Name: f.name, Value: f.cell(&s.Stat)})
	}
	return render.Record{Value: s, Fields: fields}
}

func stats(all []status) render.View {
	columns := []render.Column[status]{{Name: "path", Cell: func(s status) any { return s.Path }}}
	for _, f := range statFields {
		columns = append(columns, render.Column[status]{Name: f.name, Cell: func(s status) any { return f.cell(&s.Stat) }})
	}
	return render.Table[status]{Rows: render.Rows(all), Columns: columns}
}
