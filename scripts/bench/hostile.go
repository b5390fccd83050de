package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// An attack is what one bad connection does until its context ends or the server ends
// it. It is then made again.
type attack struct {
	what        string
	connections int // at once
	run         func(context.Context, *raw) error
}

// bigValue is the size of the value that is asked for again and again, in bytes.
const bigValue = 500 << 10

// pipelined is how many requests are sent in a row without reading an answer.
const pipelined = 1_000_000

// attacks returns what servers have to bear.
func attacks(seed uint64) []attack {
	return []attack{
		{"nothing", 0, nil},
		{"random bytes", 20, func(_ context.Context, r *raw) error { return garbage(r, seed) }},
		{"half of a frame, and no more", 500, halfFrame},
		{"a frame of 2 GiB announced", 20, giant},
		{"a million reads, answers not read", 4, func(ctx context.Context, r *raw) error {
			return flood(ctx, r, wire.OpGetData, &wire.PathWatchRequest{Path: "/hostile"}, pipelined)
		}},
		{"a million writes, answers not read", 4, func(ctx context.Context, r *raw) error {
			return flood(ctx, r, wire.OpSetData, &wire.SetDataRequest{Path: "/hostile", Version: -1}, pipelined)
		}},
		{"a value of 500 KiB asked for 10,000 times, answers not read", 20, func(ctx context.Context, r *raw) error {
			return flood(ctx, r, wire.OpGetData, &wire.PathWatchRequest{Path: "/hostile/big"}, 10_000)
		}},
	}
}

// plain connects without opening a session.
func (r *raw) plain(ctx context.Context) error {
	d := net.Dialer{Timeout: answerTime}
	nc, err := d.DialContext(ctx, "tcp", r.addr)
	r.nc = nc
	return err
}

// garbage sends random bytes in the place of everything that the protocol has.
func garbage(r *raw, seed uint64) error {
	if err := r.plain(context.Background()); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(seed, uint64(time.Now().UnixNano()))) //nolint:gosec // the bytes need not be secret
	b := make([]byte, 64<<10)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	if rnd.IntN(2) == 0 { // in a frame that is taken in whole
		b[0], b[1], b[2], b[3] = 0, 0, 0xff, 0xfc
	}
	_, err := r.nc.Write(b)
	return err
}

// halfFrame opens a session and begins a request that never ends.
func halfFrame(ctx context.Context, r *raw) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	frame := wire.Frame(&wire.RequestHeader{Xid: 1, Op: wire.OpSetData}, &wire.SetDataRequest{Path: "/hostile", Data: make([]byte, 64<<10)})
	if _, err := r.nc.Write(frame[:len(frame)/2]); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// giant opens a session and announces more than any server takes.
func giant(ctx context.Context, r *raw) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	if _, err := r.nc.Write([]byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1}); err != nil {
		return err
	}
	_, err := wire.ReadFrame(r.nc, wire.DefaultMaxFrame, nil) // until the server ends it
	return err
}

// flood sends the same request over and over and reads nothing.
func flood(ctx context.Context, r *raw, op wire.Op, body wire.Record, times int) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	if err := r.nc.SetDeadline(time.Time{}); err != nil {
		return err
	}
	nc := r.nc
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() }) // it may be that nobody takes what is sent
	defer stop()
	one := wire.Frame(&wire.RequestHeader{Xid: 1, Op: op}, body)
	const batch = 1000
	many := slices.Repeat(one, batch)
	for range times / batch {
		if _, err := r.nc.Write(many); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// measureHostile takes the figures of one engine under attack: what the others wait,
// and what it costs in memory.
func measureHostile(ctx context.Context, o *options, engine string) (_ *figures, err error) {
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
	c, err := connect(ctx, e.Servers[0])
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for path, size := range map[string]int{"/hostile": valueSize, "/calm": valueSize} {
		if err := create(c, path, make([]byte, size)); err != nil {
			return nil, err
		}
	}
	if err := create(c, "/hostile/big", make([]byte, bigValue)); err != nil {
		return nil, err
	}
	for _, a := range attacks(o.seed) {
		if err := e.under(ctx, o, f, a); err != nil {
			return nil, fmt.Errorf("%s: %w", a.what, err)
		}
	}
	return f, nil
}

// under lets bad connections loose on all servers and measures what an orderly client
// of one of them gets.
func (e *ensemble) under(ctx context.Context, o *options, f *figures, a attack) error {
	calm, err := connect(ctx, e.Servers[0])
	if err != nil {
		return err
	}
	defer calm.Close()
	bad, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for i := range a.connections {
		wg.Go(func() { // ends with the context
			for bad.Err() == nil {
				r := &raw{addr: e.Servers[i%len(e.Servers)]}
				_ = a.run(bad, r) // that it fails is what it is for
				r.hangUp()
				_ = pause(bad, redial)
			}
		})
	}
	var times []time.Duration
	peak, value := int64(0), make([]byte, valueSize)
	for began, sampled := time.Now(), time.Now(); time.Since(began) < o.duration; {
		t := time.Now()
		if _, err := calm.Set("/calm", value, -1); err != nil {
			return fmt.Errorf("an orderly client's set: %w", err)
		}
		if _, _, err := calm.Get("/calm"); err != nil {
			return fmt.Errorf("an orderly client's get: %w", err)
		}
		times = append(times, time.Since(t))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if peak == 0 || time.Since(sampled) > o.duration/10 {
			now, err := e.footprint()
			if err != nil {
				return err
			}
			peak, sampled = max(peak, now), time.Now()
		}
	}
	slices.Sort(times)
	f.add("wait | "+a.what, seconds, quantile(times, 0.5).Seconds(), quantile(times, 0.99), times[len(times)-1])
	f.add("memory | "+a.what, memoryUse, float64(peak))
	return nil
}

// hostileTable renders what attacks cost, in Markdown.
func (r *results) hostileTable(engines []string) string {
	if len(r.rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n| bad clients send |")
	for _, e := range engines {
		fmt.Fprintf(&b, " %s: another client's set and get (p50, p99, worst) | memory (PSS), at most |", r.titles[e])
	}
	b.WriteString("\n|---|" + strings.Repeat("---|---|", len(engines)) + "\n")
	for _, a := range attacks(0) {
		fmt.Fprintf(&b, "| %s |", a.what)
		for _, e := range engines {
			waits := r.values[e]["wait | "+a.what]
			if len(waits) == 0 {
				b.WriteString(" – | – |")
				continue
			}
			fmt.Fprintf(&b, " %s |", strings.Join(waitsOf(waits), ", "))
			fmt.Fprintf(&b, " %s |", cell(r.values[e]["memory | "+a.what]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// waitsOf returns the medians of the rounds' medians, 99th percentiles and maxima.
func waitsOf(fs []figure) []string {
	text := []string{seconds.format(median(valuesOf(fs)))}
	for i := range fs[0].notes {
		var all []float64
		for _, f := range fs {
			all = append(all, f.notes[i].Seconds())
		}
		text = append(text, seconds.format(median(all)))
	}
	return text
}
