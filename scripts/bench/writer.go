package main

import (
	"context"
	"fmt"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

const (
	// redial is the pause before a writer connects again. The client libraries wait
	// a second, which would hide what is measured.
	redial = 5 * time.Millisecond
	// answerTime bounds the wait for one answer of a server: one that is cut off
	// from its leader may keep a request to itself.
	answerTime = time.Second
)

// mark tells of one acknowledged write.
type mark struct {
	addr        string
	sent, acked time.Time
}

// writer writes one znode through one server, over and over, in one session that it
// takes up again after every failure. It speaks the protocol itself because it has
// to connect again at once.
type writer struct {
	raw

	path  string
	marks chan<- mark
}

// run ends with ctx.
func (w *writer) run(ctx context.Context) {
	defer w.hangUp()
	for ctx.Err() == nil {
		m, err := w.write(ctx)
		if err != nil {
			w.hangUp()
			_ = pause(ctx, redial) // its end is seen above
			continue
		}
		select {
		case w.marks <- m:
		case <-ctx.Done():
		}
	}
	w.goodbye()
}

// write makes or sets the znode, connecting first if need be.
func (w *writer) write(ctx context.Context) (mark, error) {
	if w.nc == nil {
		if err := w.connect(ctx); err != nil {
			return mark{}, err
		}
	}
	m := mark{addr: w.addr, sent: time.Now()}
	code, err := w.call(wire.OpSetData, &wire.SetDataRequest{Path: w.path, Version: -1})
	if err == nil && code == wire.CodeNoNode {
		code, err = w.call(wire.OpCreate, &wire.CreateRequest{Path: w.path, ACL: wire.WorldACL(), Flags: wire.FlagEphemeral})
	}
	if err == nil && code != wire.CodeOK {
		err = fmt.Errorf("write %s: %w", w.path, code)
	}
	m.acked = time.Now()
	return m, err
}
