package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

// branch is a znode of a tree as programs see it.
type branch struct {
	Path     string    `json:"path"`
	Name     string    `json:"name"`
	Children []*branch `json:"children,omitempty"`
}

func newTree(a *App) *cobra.Command {
	var opts ops.WalkOptions
	cmd := &cobra.Command{
		Use:   "tree [PATH]",
		Short: "Draw a znode with all below it",
		Long: `Tree draws a znode and the subtree below it. Without a path it draws the
working directory of the shell, or everything. JSON has the same shape.`,
		Example: `  zooctl tree /app
  zooctl tree --depth 2 -o json /`,
		GroupID:           groupZnode,
		Annotations:       reads(),
		Args:              between(0, 1),
		ValidArgsFunction: a.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				top, err := conn.Walk(ctx, a.Paths(args)[0], opts)
				if err != nil {
					return err
				}
				root := branchOf(top)
				root.Name = root.Path // the others are below it
				return a.Print(render.Tree[*branch]{
					Root: root, Label: func(b *branch) string { return b.Name }, Children: func(b *branch) []*branch { return b.Children },
				})
			})
		},
	}
	cmd.Flags().IntVar(&opts.Depth, "depth", 0, "draw `N` levels; 0 is all")
	return cmd
}

func branchOf(e *ops.Entry) *branch {
	b := &branch{Path: e.Path, Name: e.Name}
	for _, c := range e.Children {
		b.Children = append(b.Children, branchOf(c))
	}
	return b
}
