package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

func newClusterUp(a *App) *cobra.Command {
	var spec localcluster.Spec
	var ports []string
	cmd := &cobra.Command{
		Use:   "up [NAME]",
		Short: "Start an ensemble and wait until it is ready",
		Long: `Up starts an ensemble on 127.0.0.1 and returns when a write has been committed
and read on every server. It stays until 'cluster down', also when you log out,
and later commands use it. A cluster that is up already is left as it is; one
that was stopped starts again with its data.

Clients find it on port 2181 and those that follow if they are free, or else on
others; --ports asks for certain ones.`,
		Example: `  zooctl cluster up -n 3
  zooctl cluster up real --engine apache --dist /opt/apache-zookeeper-3.9.4-bin`,
		Annotations:       localExits(),
		Args:              between(0, 1),
		ValidArgsFunction: a.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if spec.Name, err = a.clusterName(args); err != nil {
				return err
			}
			if spec.Ports, err = portsOf(ports); err != nil {
				return misused(cmd, "%v", err)
			}
			if cmd.Flags().Changed("size") && spec.Size < 1 {
				return misused(cmd, "-n %d: an ensemble has at least 1 server", spec.Size)
			}
			ctx, cancel := a.limited(cmd.Context())
			defer cancel()
			status, already, err := localcluster.Up(ctx, spec)
			if err == nil {
				err = a.use(spec.Name)
			}
			if err != nil {
				return a.aboutCluster(ctx, cmd, spec.Name, err)
			}
			if already {
				fmt.Fprintf(a.Err, "cluster %s is up already\n", spec.Name)
			} else {
				fmt.Fprintf(a.Err, "cluster %s is ready after %v\n", spec.Name, status.ReadyIn.Round(time.Millisecond))
			}
			return a.Print(nodes(status))
		},
	}
	cmd.Flags().IntVarP(&spec.Size, "size", "n", 0, "`N` servers (3 for a new cluster)")
	cmd.Flags().StringVar(&spec.Engine, "engine", "", "`ENGINE`: embedded (for a new cluster, if nothing is said) or apache")
	cmd.Flags().StringVar(&spec.Dist, "dist", "", "apache: the distribution in the folder `DIR`; else ZOOKEEPER_HOME, or where packages put it")
	cmd.Flags().StringSliceVar(&ports, "ports", nil, "client `PORTS`, one for each server: 2181,2182,2183")
	return cmd
}

func portsOf(words []string) ([]int, error) {
	var ports []int
	for _, w := range words {
		p, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || p < 1 || p > 65535 {
			return nil, errors.New("--ports: " + strconv.Quote(w) + " is not a port from 1 to 65535")
		}
		ports = append(ports, p)
	}
	return ports, nil
}
