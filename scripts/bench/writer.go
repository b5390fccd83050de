package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
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
	addr  string
	path  string
	marks chan<- mark

	nc      net.Conn
	session wire.ConnectResponse
	xid     int32
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

// connect opens the session, or takes it up again; one that is over it replaces.
func (w *writer) connect(ctx context.Context) error {
	d := net.Dialer{Timeout: answerTime}
	nc, err := d.DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return err
	}
	w.nc = nc
	s := &w.session
	if len(s.Password) == 0 {
		s.Password = make([]byte, wire.PasswordLen)
	}
	frame, err := w.exchange(&wire.ConnectRequest{Timeout: int32(sessionTimeout.Milliseconds()), SessionID: s.SessionID, Password: s.Password})
	if err != nil {
		return err
	}
	var res wire.ConnectResponse
	dec := wire.NewDecoder(frame)
	if res.Decode(&dec); dec.Err() != nil {
		return dec.Err()
	}
	if res.Timeout == 0 {
		*s = wire.ConnectResponse{}
		return errors.New("the session is over")
	}
	res.Password = append([]byte(nil), res.Password...)
	*s = res
	return nil
}

// call sends a request and returns the outcome that the server told.
func (w *writer) call(op wire.Op, request ...wire.Record) (wire.Code, error) {
	w.xid++
	frame, err := w.exchange(append([]wire.Record{&wire.RequestHeader{Xid: w.xid, Op: op}}, request...)...)
	if err != nil {
		return 0, err
	}
	var h wire.ReplyHeader
	dec := wire.NewDecoder(frame)
	if h.Decode(&dec); dec.Err() != nil {
		return 0, dec.Err()
	}
	if h.Xid != w.xid {
		return 0, fmt.Errorf("answer %d to request %d", h.Xid, w.xid)
	}
	return h.Err, nil
}

// exchange sends one frame and returns the next that comes.
func (w *writer) exchange(records ...wire.Record) ([]byte, error) {
	if err := w.nc.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return nil, err
	}
	if _, err := w.nc.Write(wire.Frame(records...)); err != nil {
		return nil, err
	}
	return wire.ReadFrame(io.Reader(w.nc), wire.DefaultMaxFrame, nil)
}

// goodbye ends the session, and its znode with it, if the connection is there.
func (w *writer) goodbye() {
	if w.nc != nil {
		_, _ = w.call(wire.OpCloseSession) // else it ends with the ensemble
	}
}

func (w *writer) hangUp() {
	if w.nc != nil {
		_ = w.nc.Close() // what matters has been answered
		w.nc = nil
	}
}
