package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// hundredth is the factor between the two sizes at which a cost is looked at.
const hundredth = 100

// The sizes at which an ensemble ought to be as fast as at a hundredth of them.
const (
	manyNodes    = 1_000_000
	manyChildren = 100_000 // of one parent
	manySessions = 5_000
	manyWatches  = 10_000 // on one znode: two of each session
)

// scaleRounds bounds the rounds of this part, each of which makes a million znodes.
const scaleRounds = 3

// firings is how often the watches on one znode are set off.
const firings = 5

// scale measures how an ensemble's costs grow with what it holds.
type scale struct {
	e    *ensemble
	o    *options
	f    *figures
	conn *zk.Conn // through the leader
	load *loader
	next int // of the znodes that probes create
}

// measureScale takes the figures of one engine for one round, on an ensemble of its own.
func measureScale(ctx context.Context, o *options, engine string) (_ *figures, err error) {
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
	leader, _, err := e.roles()
	if err != nil {
		return nil, err
	}
	var runtime string
	if engine == apache {
		if runtime, err = javaVersion(ctx); err != nil {
			return nil, err
		}
	}
	s := &scale{e: e, o: o, f: &figures{title: e.title(), runtime: runtime}, load: &loader{raw: raw{addr: leader.Address}}}
	if s.conn, err = connect(ctx, leader.Address); err != nil {
		return nil, err
	}
	defer s.conn.Close()
	if err := s.load.connect(ctx); err != nil {
		return nil, err
	}
	defer s.load.hangUp()
	for _, path := range []string{"/scale", "/scale/probe", "/scale/watched", "/scale/children", "/scale/nodes"} {
		if err := create(s.conn, path, make([]byte, valueSize)); err != nil {
			return nil, err
		}
	}
	return s.f, errors.Join(s.crowds(ctx), s.trees(ctx))
}

// crowds measures with many sessions, and with many watches on one znode.
func (s *scale) crowds(ctx context.Context) error {
	c := newCrowd(s.e.Servers, "/scale/watched")
	defer c.leave()
	for _, part := range []int{hundredth, 1} {
		if err := c.grow(ctx, manySessions/part); err != nil {
			return fmt.Errorf("%d sessions: %w", manySessions/part, err)
		}
		if err := s.probe(ctx, label("sessions", manySessions/part)); err != nil {
			return err
		}
		if err := s.fire(ctx, c, manyWatches/part); err != nil {
			return fmt.Errorf("%d watches: %w", manyWatches/part, err)
		}
	}
	return nil
}

// fire sets off all watches on one znode a few times, and measures how long each of
// them took, from the request to the last event.
func (s *scale) fire(ctx context.Context, c *crowd, watches int) error {
	at := label("watches on one znode", watches)
	var times []float64
	for range firings {
		if err := c.arm(ctx); err != nil {
			return err
		}
		if len(times) == 0 {
			if err := s.probe(ctx, at); err != nil {
				return err
			}
		}
		events := c.expect()
		began := time.Now()
		if err := create(s.conn, s.child("/scale/watched"), nil); err != nil {
			return err
		}
		if _, err := s.conn.Set("/scale/watched", nil, -1); err != nil {
			return err
		}
		if err := c.wait(ctx, events); err != nil {
			return err
		}
		times = append(times, time.Since(began).Seconds()/float64(watches))
	}
	s.f.add("event, each of them"+at, seconds, median(times))
	return nil
}

// trees measures with many children of one parent, and with many znodes.
func (s *scale) trees(ctx context.Context) error {
	steps := []struct {
		what, below string
		count       int
	}{
		{"znodes", "/scale/nodes", manyNodes / hundredth}, {"children of one parent", "/scale/children", manyChildren / hundredth},
		{"children of one parent", "/scale/children", manyChildren}, {"znodes", "/scale/nodes", manyNodes},
	}
	for _, st := range steps {
		width := 0 // all below one
		if st.what == "znodes" {
			width = 1000
		}
		if err := s.load.fill(ctx, st.below, st.count, width); err != nil {
			return fmt.Errorf("%d %s: %w", st.count, st.what, err)
		}
		// What either engine writes out after so many changes is no part of what it holds.
		if err := pause(ctx, idleTime); err != nil {
			return err
		}
		at := label(st.what, st.count)
		if err := s.probe(ctx, at); err != nil {
			return err
		}
		if st.what != "znodes" {
			if err := s.median(ctx, "create there"+at, func() error { return create(s.conn, s.child(st.below), nil) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// probe measures one set and one get of the same znode.
func (s *scale) probe(ctx context.Context, at string) error {
	value := make([]byte, valueSize)
	err := s.median(ctx, "set"+at, func() error {
		_, err := s.conn.Set("/scale/probe", value, -1)
		return err
	})
	if err != nil {
		return err
	}
	return s.median(ctx, "get"+at, func() error {
		_, _, err := s.conn.Get("/scale/probe")
		return err
	})
}

// median does f again and again, for a while without counting, and adds the median of
// its times.
func (s *scale) median(ctx context.Context, row string, f func() error) error {
	var times []time.Duration
	began := time.Now()
	for warm := s.o.duration / 4; time.Since(began) < warm+s.o.duration/2; {
		t := time.Now()
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", row, err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.Sub(began) > warm {
			times = append(times, time.Since(t))
		}
	}
	slices.Sort(times)
	s.f.add(row, seconds, quantile(times, 0.50).Seconds())
	return nil
}

func (s *scale) child(parent string) string {
	s.next++
	return fmt.Sprintf("%s/probe-%d", parent, s.next)
}

// label ends the name of a row; rows of two sizes are joined by what is before it.
func label(what string, count int) string { return fmt.Sprintf(" | %s | %d", what, count) }

// scaleTable renders costs at two sizes in Markdown: for each engine the one, the other
// and their ratio, and the ratio of the engines at the larger size.
func (r *results) scaleTable(engines []string) string {
	if len(r.rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n| p50, nothing else under way | with |")
	for _, e := range engines {
		fmt.Fprintf(&b, " %s: at a hundredth | at all of it | growth |", r.titles[e])
	}
	rule := strings.Repeat("---|", 2+3*len(engines))
	if len(engines) == 2 {
		b.WriteString(" ratio at all of it |")
		rule += "---|"
	}
	b.WriteString("\n|" + rule + "\n")
	for _, row := range r.rows {
		what, size, _ := strings.Cut(row, " | ")
		kind, count, _ := strings.Cut(size, " | ")
		small := r.smaller(what, kind, count)
		if small == "" {
			continue
		}
		var n float64
		_, _ = fmt.Sscan(count, &n) // label wrote it
		fmt.Fprintf(&b, "| %s | %s %s |", what, thousands(n), kind)
		var columns [][]float64
		for _, e := range engines {
			few, many := r.values[e][small], r.values[e][row]
			columns = append(columns, valuesOf(many))
			fmt.Fprintf(&b, " %s | %s | %s |", cell(few), cell(many), ratioOf(valuesOf(many), valuesOf(few)))
		}
		if len(columns) == 2 {
			fmt.Fprintf(&b, " %s |", ratioOf(columns[0], columns[1]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// smaller returns the row of a hundredth of count, or "".
func (r *results) smaller(what, kind, count string) string {
	head, ok := strings.CutSuffix(count, "00")
	if row := what + " | " + kind + " | " + head; ok && slices.Contains(r.rows, row) {
		return row
	}
	return ""
}
