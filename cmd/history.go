package cmd

import (
	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
)

// typed is a line of the history as programs see it.
type typed struct {
	Number int    `json:"number"`
	Line   string `json:"line"`
}

func newHistory(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "List the lines that were typed",
		Long: `History lists the lines that were typed at the prompt, oldest first. They are kept
from one shell to the next. A line that begins with a space is not kept.`,
		Example: `  history
  history -o json`,
		GroupID:     groupShell,
		Annotations: shareless(local()),
		Args:        exactly(0),
		RunE: func(*cobra.Command, []string) error {
			var all []typed
			if a.session.typed != nil {
				for i, line := range a.session.typed() {
					all = append(all, typed{i + 1, line})
				}
			}
			return a.Print(render.Table[typed]{Rows: render.Rows(all), Columns: []render.Column[typed]{
				{Name: "number", Cell: func(t typed) any { return t.Number }},
				{Name: "line", Cell: func(t typed) any { return t.Line }},
			}})
		},
	}
}
