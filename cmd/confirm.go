package cmd

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/zooctl/zooctl/cmd/render"
)

// confirm asks on the terminal whether to go on. Anything but a yes, also the
// end of the input or of ctx, is a no.
func (a *App) confirm(ctx context.Context, what string) error {
	fmt.Fprintf(a.Err, "%s Go on? [y/N] ", render.Escape(what))
	answer := make(chan string, 1)
	go func() { // ends with a line, or with the program: a terminal cannot be asked to give up
		line, _ := bufio.NewReaderSize(a.In, 16).ReadString('\n')
		answer <- line
	}()
	select {
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		}
		return &failure{op: opOf(a.line.cmd), err: errNotSure}
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return context.Cause(ctx)
	}
}
