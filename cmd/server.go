package cmd

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
)

func newServer(a *App) *cobra.Command {
	var o localcluster.ServeOptions
	cmd := &cobra.Command{
		Use:   "server --config FILE",
		Short: "Run one server as a zoo.cfg describes it",
		Long: `Server runs one ZooKeeper server in the foreground, as 'zkServer.sh
start-foreground' does, from the zoo.cfg that Apache ZooKeeper would take. It prints
the address of its clients once it listens, tells on stderr what it does, and stops
in order on an interrupt or SIGTERM.

A key that has no effect here is named in a warning; a file that asks for what
cannot be had is refused. Java's system properties come as -D, or in JVMFLAGS and
SERVER_JVMFLAGS. Data is kept in the folder zooctl of dataDir.

Where the file names no address, the server listens on 127.0.0.1 alone. The servers
of an ensemble, server.N in the file, prove to each other that they know a secret:
the content of the file that the key zooctl.secretFile names. Without it they must
all be on the loopback address and belong to one user.`,
		Example: `  zooctl server --config zoo.cfg
  zooctl server --config zoo.cfg --myid 2 -D zookeeper.extendedTypesEnabled=true`,
		GroupID:     groupCluster,
		Annotations: localExits(),
		Args:        exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Config == "" {
				return misused(cmd, "--config is missing: want the path of a zoo.cfg")
			}
			if cmd.Flags().Changed("myid") && o.ID < 1 {
				return misused(cmd, "--myid %d: a server's number is above 0", o.ID)
			}
			o.Properties = append(a.jvmFlags(), o.Properties...)
			o.Log = escaped{a.Err}
			o.Started = func(s localcluster.Served) {
				_ = a.Print(render.Text{Value: s, Text: s.Address}) // a server serves without an audience, too
			}
			err := localcluster.Serve(cmd.Context(), o)
			switch {
			case err == nil:
				return nil
			case errors.Is(err, localcluster.ErrPortInUse):
				return &failure{op: opOf(cmd), err: err, hint: "another program listens there: perhaps this server runs already"}
			}
			return &failure{op: opOf(cmd), err: err}
		},
	}
	cmd.AddCommand(newServerShim(a), newServerStatus(a))
	cmd.Flags().StringVar(&o.Config, "config", "", "the configuration in `FILE`")
	cmd.Flags().IntVar(&o.ID, "myid", 0, "this is server `N`, whatever the file myid in dataDir says")
	cmd.Flags().StringArrayVarP(&o.Properties, "define", "D", nil, "set the system property `KEY=VALUE`")
	return cmd
}

// jvmFlags are the system properties that the environment sets for servers, as
// zkServer.sh would pass them on.
func (a *App) jvmFlags() []string {
	var all []string
	for word := range strings.FieldsSeq(a.session.getenv("SERVER_JVMFLAGS") + " " + a.session.getenv("JVMFLAGS")) {
		if p, ok := strings.CutPrefix(word, "-D"); ok && p != "" {
			all = append(all, p)
		}
	}
	return all
}

// escaped writes lines for a terminal, which cannot be acted on by what they quote.
type escaped struct{ w io.Writer }

func (e escaped) Write(b []byte) (int, error) {
	line := strings.TrimSuffix(string(b), "\n")
	_, err := io.WriteString(e.w, render.Escape(line)+"\n")
	return len(b), err
}
