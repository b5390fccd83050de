package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

// The engines, as localcluster names them.
const (
	embedded = "embedded"
	apache   = "apache"
)

// size is the number of servers of an ensemble.
const size = 3

// idleTime is how long an ensemble is left alone after the load before its memory is
// looked at: what it needs in the end is asked for, not what it needed at the height
// of a load that the faster engine had more of.
const idleTime = 5 * time.Second

// pause waits for a part of a measurement that is a time.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// patience bounds a whole ensemble's start and end. It is no measurement.
const patience = 2 * time.Minute

// ensemble is a running one.
type ensemble struct {
	engine string
	*localcluster.Cluster
	localcluster.Status
}

// start brings up an ensemble for this process alone.
func start(ctx context.Context, engine, dist string) (*ensemble, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	spec := localcluster.Spec{Size: size, Engine: engine}
	if engine == apache {
		spec.Dist = dist
	}
	c, st, err := localcluster.Temporary(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	return &ensemble{engine, c, st}, nil
}

// down ends the ensemble, whatever has become of the context of the run.
func (e *ensemble) down() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return e.Cluster.Down(ctx, false)
}

// lastWords is the end of what each server wrote to its log, to go behind a failure:
// the log itself goes with the ensemble.
func (e *ensemble) lastWords() string {
	const lines, limit = 5, 64 << 10
	var b strings.Builder
	for _, n := range e.Nodes {
		text, err := os.ReadFile(filepath.Join(e.Dir, "nodes", fmt.Sprint(n.ID), "log"))
		if err != nil {
			text = []byte(err.Error())
		}
		all := strings.Split(strings.TrimSpace(string(text[max(len(text)-limit, 0):])), "\n")
		for _, line := range all[max(len(all)-lines, 0):] {
			fmt.Fprintf(&b, "\n  server %d: %s", n.ID, line)
		}
	}
	return b.String()
}

// title names the engine as the head of a column.
func (e *ensemble) title() string {
	if e.engine == embedded {
		return embedded
	}
	version, _, _ := strings.Cut(e.Nodes[0].Version, "-") // what follows names the build
	return "Apache ZooKeeper " + version
}

// roles returns the server that leads, and one that follows.
func (e *ensemble) roles() (leader, follower localcluster.NodeStatus, err error) {
	for _, n := range e.Nodes {
		switch n.State {
		case "leader":
			leader = n
		case "follower":
			follower = n
		}
	}
	if leader.PID == 0 || follower.PID == 0 {
		return leader, follower, fmt.Errorf("no leader and follower among %+v", e.Nodes)
	}
	return leader, follower, nil
}

// measure takes the figures of one engine for one round, on an ensemble of its own.
func measure(ctx context.Context, o *options, engine string) (_ *figures, err error) {
	e, err := start(ctx, engine, o.dist)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w%s", err, e.lastWords())
		}
		err = errors.Join(err, e.down())
	}()
	f := &figures{title: e.title()}
	if engine == apache {
		if f.runtime, err = javaVersion(ctx); err != nil {
			return nil, err
		}
	}
	f.add("from `up` to a write that all three have", seconds, e.ReadyIn.Seconds())
	if o.wants(partMemory) {
		if err := e.memory(f, "memory (PSS) when ready"); err != nil {
			return nil, err
		}
	}
	if o.wants(partLoad) || o.wants(partMemory) || o.wants(partSingle) || o.wants(partFailover) {
		if err := e.underLoad(ctx, o, f); err != nil {
			return nil, err
		}
	}
	if o.wants(partFailover) {
		times, err := e.failovers(ctx)
		if err != nil {
			return nil, fmt.Errorf("failover: %w", err)
		}
		f.add("leader killed (SIGKILL) → next write", seconds, median(times))
	}
	return f, nil
}

// underLoad measures what needs clients, and leaves an empty tree.
func (e *ensemble) underLoad(ctx context.Context, o *options, f *figures) error {
	g, err := newGenerator(ctx, e.Servers, shape{connections, inFlight})
	if err != nil {
		return err
	}
	defer g.close()
	load := o.wants(partLoad) || o.wants(partMemory)
	if err := g.all(ctx, o.warm, nil); err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	if load {
		if err := g.all(ctx, o.duration, f); err != nil {
			return err
		}
	}
	if err := g.clear(ctx); err != nil {
		return err
	}
	if o.wants(partMemory) {
		if err := pause(ctx, idleTime); err != nil {
			return err
		}
		if err := e.memory(f, fmt.Sprintf("memory (PSS) %v after the load", idleTime)); err != nil {
			return err
		}
	}
	if o.wants(partSingle) {
		return e.single(ctx, o, f)
	}
	return nil
}

// single measures operations with nothing else under way.
func (e *ensemble) single(ctx context.Context, o *options, f *figures) error {
	leader, follower, err := e.roles()
	if err != nil {
		return err
	}
	rows := make(map[string]time.Duration)
	for _, through := range []struct{ what, addr string }{{"leader", leader.Address}, {"follower", follower.Address}} {
		g, err := newGenerator(ctx, []string{through.addr}, shape{1, 1})
		if err != nil {
			return err
		}
		for _, op := range []operation{opCreate, opGet} {
			took, err := g.run(ctx, op, o.duration/2)
			if err != nil {
				g.close()
				return err
			}
			rows[string(op)+through.what] = took.p50()
		}
		err = g.clear(ctx)
		g.close()
		if err != nil {
			return err
		}
	}
	for _, op := range []operation{opCreate, opGet} {
		for _, what := range []string{"leader", "follower"} {
			f.add(fmt.Sprintf("one %s, nothing else under way, through %s (p50)", op, map[string]string{"leader": "the leader", "follower": "a follower"}[what]),
				seconds, rows[string(op)+what].Seconds())
		}
	}
	return nil
}
