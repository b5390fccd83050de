package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

// kills is how often the leader is killed in a round.
const kills = 3

// failovers kills the leader again and again, starting it again in between, and
// returns how long each time the ensemble took no write, in seconds.
func (e *ensemble) failovers(ctx context.Context) ([]float64, error) {
	var all []float64
	for i := range kills {
		if i > 0 {
			if err := e.whole(ctx); err != nil {
				return nil, err
			}
		}
		took, err := e.failover(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, took.Seconds())
	}
	return all, nil
}

// whole brings the ensemble back to its full size, and notes who leads.
func (e *ensemble) whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	st, err := e.Cluster.Start(ctx, []string{"all"})
	if err != nil {
		return fmt.Errorf("start the killed server again: %w", err)
	}
	e.Status = st
	return nil
}

// failover kills the leader while a client at each of the other servers writes, and
// returns the time from the signal to the first acknowledgement of a write that was
// sent after the leader was gone. Both clients connect again as fast as they can.
func (e *ensemble) failover(ctx context.Context) (time.Duration, error) {
	leader, _, err := e.roles()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	marks := make(chan mark)
	done := make(chan struct{})
	writers := 0
	for _, n := range e.Nodes {
		if n.PID == 0 || n.ID == leader.ID {
			continue
		}
		writers++
		w := &writer{raw: raw{addr: n.Address}, path: fmt.Sprintf("/bench-failover-%d", n.ID), marks: marks}
		go func() { // ends with ctx, and is waited for
			w.run(ctx)
			done <- struct{}{}
		}()
	}
	defer func() {
		cancel()
		for range writers {
			<-done
		}
	}()
	return killAndWait(ctx, leader, marks, writers)
}

// killAndWait kills the leader when each of the writers has written, and waits for
// the first write after that.
func killAndWait(ctx context.Context, leader localcluster.NodeStatus, marks <-chan mark, writers int) (time.Duration, error) {
	seen := make(map[string]bool)
	for len(seen) < writers {
		select {
		case m := <-marks:
			seen[m.addr] = true
		case <-ctx.Done():
			return 0, fmt.Errorf("no write before the leader was killed: %w", context.Cause(ctx))
		}
	}
	p, err := os.FindProcess(leader.PID)
	if err != nil {
		return 0, err
	}
	killed := time.Now()
	if err := p.Kill(); err != nil {
		return 0, fmt.Errorf("kill server %d: %w", leader.ID, err)
	}
	var gone time.Time
	for {
		if gone.IsZero() && !exists(p) {
			gone = time.Now()
		}
		select {
		case m := <-marks:
			if !gone.IsZero() && m.sent.After(gone) {
				return m.acked.Sub(killed), nil
			}
		case <-time.After(time.Millisecond): // looks again whether it is gone
		case <-ctx.Done():
			return 0, fmt.Errorf("no write after the leader was killed: %w", context.Cause(ctx))
		}
	}
}

// exists tells whether a process of this user's has not been reaped.
func exists(p *os.Process) bool {
	err := p.Signal(syscall.Signal(0))
	return err == nil || !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}
