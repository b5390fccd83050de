package cmd

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
)

func newServerShim(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "shim DIR",
		Short: "Write a folder that passes for a distribution of Apache ZooKeeper",
		Long: `Shim writes scripts into DIR for programs that start Apache ZooKeeper from its
distribution, test harnesses above all: bin/zkServer.sh, which knows start,
start-foreground, stop, restart, status and version; and bin/java, which put first
on PATH runs a server where ZooKeeper's classes are asked for, and the real java for
everything else. Both run this zooctl, or the one that the variable ZOOCTL names.`,
		Example: `  zooctl server shim ~/zookeeper
  PATH=$HOME/zookeeper/bin:$PATH ZOOKEEPER_PATH=$HOME/zookeeper pytest`,
		Annotations: local(65),
		Args:        exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			program, err := thisProgram()
			if err == nil {
				err = localcluster.WriteShim(dir, program)
			}
			if err != nil {
				return &failure{op: opOf(cmd), path: args[0], err: err}
			}
			return a.Print(render.Text{Value: map[string]string{"path": dir}, Text: dir})
		},
	}
}

// thisProgram is the path of zooctl as it was typed, which stays when the program is
// replaced by a newer one, if that is the program that runs.
func thisProgram() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	typed, err := exec.LookPath(os.Args[0])
	if err != nil {
		return exe, nil
	}
	typed, err = filepath.Abs(typed)
	is, err1 := os.Stat(exe)
	as, err2 := os.Stat(typed)
	if errors.Join(err, err1, err2) != nil || !os.SameFile(is, as) {
		return exe, nil
	}
	return typed, nil
}
