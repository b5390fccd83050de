package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

// presence is the answer of exists as programs see it.
type presence struct {
	Path   string `json:"path"`
	Exists bool   `json:"exists"`
}

func newExists(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "exists PATH…",
		Short: "Tell by the exit status whether znodes exist",
		Long: `Exists exits with 0 if every one of the znodes exists and with 1 if one does
not. Only a terminal is told in words; JSON says it for each path.`,
		Example: `  zooctl exists /app/ready && ./start.sh
  zooctl exists -o json /a /b`,
		GroupID:           groupZnode,
		Annotations:       reads(1),
		Args:              atLeast(1),
		ValidArgsFunction: a.completePaths(many),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				var all []presence
				missing := false
				for _, path := range a.Paths(args) {
					_, ok, err := conn.Exists(ctx, path)
					if err != nil {
						return err
					}
					all = append(all, presence{path, ok})
					missing = missing || !ok
				}
				if err := a.Print(a.presences(all)); err != nil {
					return err
				}
				if missing {
					return reported(1)
				}
				return nil
			})
		},
	}
}

func (a *App) presences(all []presence) render.View {
	if !a.Terminal && (a.output == "text" || a.output == "wide") {
		return render.Silent{}
	}
	return render.Table[presence]{Rows: render.Rows(all), Columns: []render.Column[presence]{
		{Name: "path", Cell: func(p presence) any { return p.Path }},
		{Name: "exists", Cell: func(p presence) any {
			if p.Exists {
				return render.State{Word: "yes", Good: true}
			}
			return render.State{Word: "no", Bad: true}
		}},
	}}
}
