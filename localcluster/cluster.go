package localcluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Cluster is a local ensemble.
type Cluster struct {
	name  string
	dir   string
	owner *owner // of a temporary cluster
}

// Up starts a cluster, or starts it again with its data, and returns when it is
// ready. already tells that it was.
func Up(ctx context.Context, spec Spec) (status Status, already bool, err error) {
	if err := supported(); err != nil {
		return Status{}, false, err
	}
	if spec.Name == "" {
		spec.Name = DefaultName
	}
	dir, err := dirOf(spec.Name)
	if err != nil {
		return Status{}, false, err
	}
	began := time.Now()
	var st *Status
	err = until(ctx, func() (bool, error) {
		st, already, err = up(ctx, dir, spec)
		if errors.Is(err, errHeld) { // someone else is at it
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return Status{}, false, err
	}
	if !already {
		st.ReadyIn = time.Since(began)
	}
	return *st, already, nil
}

func up(ctx context.Context, dir string, spec Spec) (st *Status, already bool, err error) {
	known, err := readState(dir)
	if err == nil {
		if err := known.match(spec); err != nil {
			return nil, false, err
		}
		st, err := call(ctx, dir, request{Op: "status"})
		if !errors.Is(err, ErrNotRunning) {
			return st, true, err
		}
	} else if !errors.Is(err, ErrNoCluster) {
		return nil, false, err
	}
	o := order{Dir: dir}
	if known != nil {
		o.State = *known
		if spec.Dist != "" {
			o.State.Dist = spec.Dist
		}
	} else {
		if err := spec.complete(); err != nil {
			return nil, false, err
		}
		o.State, o.Fresh = spec.state(), true
	}
	own, st, err := launch(ctx, o)
	if err != nil {
		return nil, false, err
	}
	own.release()
	return st, false, nil
}

func (s *Spec) state() state {
	if abs, err := filepath.Abs(s.Dist); err == nil && s.Dist != "" {
		s.Dist = abs // the supervisor is elsewhere
	}
	return state{Format: stateFormat, Name: s.Name, Engine: s.Engine, Size: s.Size, Dist: s.Dist, Ports: s.Ports}
}

// Temporary starts a cluster that nobody else knows of. It ends, and its files go,
// with Down or with this process, however that ends.
func Temporary(ctx context.Context, spec Spec) (*Cluster, Status, error) {
	if err := supported(); err != nil {
		return nil, Status{}, err
	}
	if spec.Name == "" {
		spec.Name = "temporary"
	}
	if err := spec.complete(); err != nil {
		return nil, Status{}, err
	}
	began := time.Now()
	own, st, err := launch(ctx, order{State: spec.state(), Fresh: true, Temporary: true})
	if err != nil {
		return nil, Status{}, err
	}
	st.ReadyIn = time.Since(began)
	return &Cluster{spec.Name, st.Dir, own}, *st, nil
}

// Open returns the cluster of that name, running or not, or ErrNoCluster.
func Open(name string) (*Cluster, error) {
	if name == "" {
		name = DefaultName
	}
	dir, err := dirOf(name)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, ErrNoCluster
	}
	return &Cluster{name: name, dir: dir}, nil
}

// List returns the clusters of this user by name, running or not. One whose state
// cannot be read has a Problem.
func List(ctx context.Context) ([]Status, error) {
	all, err := names()
	if err != nil {
		return nil, err
	}
	list := make([]Status, len(all))
	var wg sync.WaitGroup
	for i, name := range all {
		wg.Go(func() {
			dir, err := dirOf(name)
			if err == nil {
				list[i], err = (&Cluster{name: name, dir: dir}).Status(ctx)
			}
			if err != nil {
				list[i] = Status{Name: name, Dir: dir, Problem: err.Error(), missing: errors.Is(err, ErrNoCluster)}
			}
		})
	}
	wg.Wait()
	// A directory without a state is a cluster that is being started, or gone.
	return slices.DeleteFunc(list, func(s Status) bool { return s.missing }), ctx.Err()
}

// Status says how the cluster is.
func (c *Cluster) Status(ctx context.Context) (Status, error) {
	s, err := readState(c.dir)
	if err != nil {
		return Status{}, err
	}
	st, err := call(ctx, c.dir, request{Op: "status"})
	if err == nil {
		return *st, nil
	}
	if !errors.Is(err, ErrNotRunning) {
		return Status{}, err
	}
	down := Status{Name: s.Name, Engine: s.Engine, Dir: c.dir}
	for i, port := range s.Ports {
		addr := address(port)
		down.Servers = append(down.Servers, addr)
		down.Nodes = append(down.Nodes, NodeStatus{ID: i + 1, Address: addr, State: "stopped"})
	}
	return down, nil
}

// Start starts servers that are down. It returns when they serve, or run if there
// are too few for a quorum. The servers are named by [Selectors].
func (c *Cluster) Start(ctx context.Context, nodes []string) (Status, error) {
	return c.act(ctx, request{Op: "start", Nodes: nodes})
}

// Stop asks servers to end and returns when they have.
func (c *Cluster) Stop(ctx context.Context, nodes []string) (Status, error) {
	return c.act(ctx, request{Op: "stop", Nodes: nodes})
}

// Kill ends servers with SIGKILL and returns when they are gone.
func (c *Cluster) Kill(ctx context.Context, nodes []string) (Status, error) {
	return c.act(ctx, request{Op: "kill", Nodes: nodes})
}

func (c *Cluster) act(ctx context.Context, r request) (Status, error) {
	if _, err := readState(c.dir); err != nil {
		return Status{}, err
	}
	st, err := call(ctx, c.dir, r)
	if err != nil {
		return Status{}, err
	}
	return *st, nil
}

// Down ends the cluster and removes all that there is of it, its data too unless
// keepData. It returns when every process is gone.
func (c *Cluster) Down(ctx context.Context, keepData bool) error {
	if c.owner != nil {
		return errors.Join(c.owner.end(ctx), removeDir(c.dir)) // the second if the supervisor was killed
	}
	op := "down"
	if keepData {
		op = "keep"
	}
	return until(ctx, func() (bool, error) {
		_, err := call(ctx, c.dir, request{Op: op})
		if !errors.Is(err, ErrNotRunning) || keepData {
			if errors.Is(err, ErrNotRunning) {
				err = nil // it is down already
			}
			return true, err
		}
		// Nobody runs it. Its supervisor, if one is on its way up or down, holds
		// the lock.
		l, err := hold(c.dir)
		if errors.Is(err, errHeld) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return true, errors.Join(removeDir(c.dir), l.Close())
	})
}
