package cmd

import (
	"context"
	"os"
	"runtime/debug"

	"golang.org/x/term"

	"github.com/zooctl/zooctl/localcluster"
)

// Main runs zooctl and returns its exit status. Only package main exits.
func Main(args []string) int {
	if code, ok := localcluster.Child(); ok {
		return code
	}
	debug.SetGCPercent(200) // most commands end before there is anything to collect
	app := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	app.Terminal = isTerminal(os.Stdout)
	app.Answerable = isTerminal(os.Stdin) && isTerminal(os.Stderr)
	ctx, stop := app.session.listen(context.Background())
	defer stop()
	defer app.session.close()
	return app.run(ctx, args)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
