// Command capture records what go-zookeeper and kazoo say to a real Apache ZooKeeper
// and what it answers, frame by frame, for the tests of ops/wire:
//
//	go run ./scripts/capture PYTHON DIRECTORY
//
// PYTHON is an interpreter that has kazoo. Each client gets a file in the directory,
// with a frame to a line: the connection's number, the direction (> to the server), and
// the frame without its length, in hexadecimal. Nothing is decoded here, so that what is
// tested is not what has written the test.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

// patience bounds the whole run. It is no measurement.
const patience = 3 * time.Minute

func main() {
	if code, ok := localcluster.Child(); ok {
		os.Exit(code)
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: capture PYTHON DIRECTORY")
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "capture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, python, dir string) error {
	cluster, status, err := localcluster.Temporary(ctx, localcluster.Spec{Size: 3, Engine: "apache"})
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Down(context.WithoutCancel(ctx), false) }() // it goes with this process at the latest
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	clients := map[string]func(context.Context, *proxy) error{
		"go-zookeeper": goZookeeper,
		"kazoo": func(ctx context.Context, p *proxy) error {
			cmd := exec.CommandContext(ctx, python, "scripts/capture/client.py", p.addr())
			cmd.Stderr = os.Stderr
			p.cutOn(cmd)
			return cmd.Run()
		},
	}
	for name, client := range clients {
		p, err := listen(status.Servers)
		if err != nil {
			return err
		}
		err = client(ctx, p)
		if err = errors.Join(err, p.close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		version, _, _ := strings.Cut(status.Nodes[0].Version, "-")
		head := fmt.Sprintf("# %s and Apache ZooKeeper %s. 'make frames' makes it anew.\n", name, version)
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), append([]byte(head), p.lines()...), 0o644); err != nil {
			return err
		}
	}
	return nil
}
