// Command bench measures the embedded ensemble beside Apache ZooKeeper, in one run,
// and prints a table, or writes it into the README.
//
// What it promises:
//
//   - Both engines get the same: three server processes on loopback, started by
//     localcluster, with their data in the temporary directory of this machine and
//     fsync on; the same go-zookeeper client in this process, six connections spread
//     over the servers, 100-byte values, the same warm-up, which is not counted. While
//     one engine is measured the other is not running.
//   - Rounds alternate between the engines. A ratio is the median of the ratios of the
//     rounds, with the least and the greatest in parentheses.
//   - Any operation that fails ends the run: a figure is never one of errors.
//   - A file is replaced whole or not at all, and only after the last measurement.
//   - The ensembles are temporary. They end with this process, however it ends.
//
// The embedded servers are this very program, started again: what zooctl starts is
// zooctl. It asserts nothing. Absolute figures move with the machine, and the load
// generator takes its share of it; the ratios are what counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

// options are what the command line says.
type options struct {
	readme   string        // file to write the table into; "" is standard output
	rounds   int           // how often each engine is measured
	engines  []string      // in the order of a round; the ratio is the first to the second
	dist     string        // folder of Apache ZooKeeper; "" looks for one
	only     []string      // parts to measure; nil is all
	duration time.Duration // how long each operation is measured in a round
	warm     time.Duration // how long each is done before, not counted
	runs     int           // how often each command is run
	seed     uint64        // of the bytes that bad clients send
}

// The parts of a run, which -only selects. Ready is measured in any case.
const (
	partReady    = "ready"
	partMemory   = "memory"
	partLoad     = "load"
	partSingle   = "single"
	partFailover = "failover"
	partCommands = "commands"
	partScale    = "scale"
	partHostile  = "hostile"
)

func parts() []string {
	return []string{partReady, partMemory, partLoad, partSingle, partFailover, partCommands, partScale, partHostile}
}

func main() {
	if code, ok := localcluster.Child(); ok {
		os.Exit(code)
	}
	opts, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = bench(ctx, opts, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	var engines, only string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&o.readme, "readme", "", "`file` to replace the figures in, instead of printing them")
	fs.IntVar(&o.rounds, "rounds", 5, "how often each engine is measured")
	fs.StringVar(&engines, "engines", "embedded,apache", "what to measure, in the order of a round")
	fs.StringVar(&o.dist, "dist", "", "`folder` of Apache ZooKeeper, if it is not found by itself")
	fs.StringVar(&only, "only", "", "parts to measure: "+strings.Join(parts(), ",")+" (all)")
	fs.DurationVar(&o.duration, "duration", 3*time.Second, "how long each operation is measured in a round")
	fs.DurationVar(&o.warm, "warm", 3*time.Second, "how long each operation is done before, in each round, without being counted")
	fs.Uint64Var(&o.seed, "seed", 1, "of the random bytes that bad clients send")
	fs.IntVar(&o.runs, "runs", 60, "how often each command is run")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.engines = strings.Split(engines, ",")
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, p := range o.only {
		if !slices.Contains(parts(), p) {
			return o, fmt.Errorf("there is no part %q to measure; there are %s", p, strings.Join(parts(), ", "))
		}
	}
	whole := o.only == nil && slices.Equal(o.engines, []string{embedded, apache})
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case len(o.engines) > 2 || slices.ContainsFunc(o.engines, func(e string) bool { return e != embedded && e != apache }):
		return o, fmt.Errorf("-engines %s: want embedded, apache or both", engines)
	case o.rounds < 1 || o.runs < 1 || o.duration <= 0 || o.warm < 0:
		return o, errors.New("nothing is measured in no time")
	case o.readme != "" && !whole:
		return o, errors.New("-readme wants the whole table: it goes with neither -only nor -engines")
	}
	return o, nil
}

// wants tells whether a part is to be measured.
func (o *options) wants(part string) bool { return o.only == nil || slices.Contains(o.only, part) }

// wantsAny tells whether one of several parts is to be measured.
func (o *options) wantsAny(parts ...string) bool { return slices.ContainsFunc(parts, o.wants) }

// bench measures, and prints or writes what it found. Progress goes to talk.
func bench(ctx context.Context, o options, out, talk io.Writer) error {
	if o.readme != "" { // what cannot be written need not be measured
		if err := canReplace(o.readme); err != nil {
			return err
		}
	}
	var res results
	if o.wantsAny(partReady, partMemory, partLoad, partSingle, partFailover) {
		if err := measureAll(ctx, &o, o.rounds, &res, talk, measure); err != nil {
			return err
		}
	}
	var grown results
	if o.wants(partScale) {
		if err := measureAll(ctx, &o, min(o.rounds, scaleRounds), &grown, talk, measureScale); err != nil {
			return err
		}
	}
	var borne results
	if o.wants(partHostile) {
		if err := measureAll(ctx, &o, 1, &borne, talk, measureHostile); err != nil {
			return err
		}
	}
	var cmds []command
	if o.wants(partCommands) {
		var err error
		if cmds, err = measureCommands(ctx, &o, talk); err != nil {
			return fmt.Errorf("commands: %w", causeOf(ctx, err))
		}
	}
	text := machineLine(&o, &res, &grown, &borne) + "\n\n" + res.table(o.engines) + grown.scaleTable(o.engines) + borne.hostileTable(o.engines) + commandTable(cmds)
	if o.readme == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	return replaceFigures(o.readme, text)
}

// measureAll takes the figures of all engines, in turn, for so many rounds.
func measureAll(ctx context.Context, o *options, rounds int, res *results, talk io.Writer, f func(context.Context, *options, string) (*figures, error)) error {
	for round := range rounds {
		for _, engine := range o.engines {
			began := time.Now()
			got, err := f(ctx, o, engine)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", engine, round+1, causeOf(ctx, err))
			}
			res.add(engine, got)
			fmt.Fprintf(talk, "round %d of %d: %s measured in %.0f s\n", round+1, rounds, got.title, time.Since(began).Seconds())
		}
	}
	return nil
}

// causeOf prefers the reason why everything was given up to what came of it.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
