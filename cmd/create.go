package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/ops"
)

// created is the answer of create as programs see it.
type created struct {
	Path string `json:"path"`
}

func newCreate(a *App) *cobra.Command {
	var opts ops.CreateOptions
	var v value
	cmd := &cobra.Command{
		Use:   "create PATH [VALUE|-]",
		Short: "Make a znode",
		Long: `Create makes a znode and prints its path. The value is the argument, all of
stdin for "-", the content of --file, or nothing. With -s the servers add a
number of ten digits to the name; with -p missing parents are made, and a znode
that is there already is still a failure (73).

With -e the znode is ephemeral: it lives as long as the session. In a shell that
is the shell's session. On the command line create prints the path and then
holds the znode until a signal; if the session is lost before, it exits with 79.`,
		Example: `  zooctl create -p /app/config '{"replicas":3}'
  zooctl create -s /app/jobs/job- - < job.json`,
		GroupID:           groupZnode,
		Annotations:       writes(73),
		Args:              between(1, 2),
		ValidArgsFunction: a.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := a.Path(args[0])
			data, _, err := v.read(a, cmd, path, args[1:])
			if err != nil {
				return err
			}
			err = a.do(cmd, func(ctx context.Context, conn *ops.Conn) error {
				path, err = conn.Create(ctx, path, data, opts)
				if errors.Is(err, ops.ErrNoNode) {
					return &failure{err: err, hint: "-p makes the parents that are missing"}
				}
				if err != nil {
					return err
				}
				return a.Print(render.Text{Text: path, Value: created{path}})
			})
			if err != nil || !opts.Ephemeral || a.session.lines {
				return err
			}
			return a.hold(cmd.Context(), path)
		},
	}
	v.flag(cmd)
	cmd.Flags().BoolVarP(&opts.Ephemeral, "ephemeral", "e", false, "it goes with the session")
	cmd.Flags().BoolVarP(&opts.Sequential, "sequential", "s", false, "the servers add a number to the name")
	cmd.Flags().BoolVarP(&opts.Parents, "parents", "p", false, "make missing parents")
	return cmd
}

// hold keeps the session, and with it an ephemeral znode, until ctx ends.
func (a *App) hold(ctx context.Context, path string) error {
	conn, err := a.Conn(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-conn.Lost():
		return &failure{op: "create", path: path, err: errExpired}
	}
}
