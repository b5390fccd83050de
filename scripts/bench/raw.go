package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// raw is a session that speaks the protocol itself: it sends what it is told to, and
// does nothing else.
type raw struct {
	addr string

	nc      net.Conn
	session wire.ConnectResponse
	xid     int32
}

// connect opens the session, or takes it up again; one that is over it replaces.
func (r *raw) connect(ctx context.Context) error {
	d := net.Dialer{Timeout: answerTime}
	nc, err := d.DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return err
	}
	r.nc = nc
	s := &r.session
	if len(s.Password) == 0 {
		s.Password = make([]byte, wire.PasswordLen)
	}
	frame, err := r.exchange(&wire.ConnectRequest{Timeout: int32(sessionTimeout.Milliseconds()), SessionID: s.SessionID, Password: s.Password})
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
func (r *raw) call(op wire.Op, request ...wire.Record) (wire.Code, error) {
	r.xid++
	frame, err := r.exchange(append([]wire.Record{&wire.RequestHeader{Xid: r.xid, Op: op}}, request...)...)
	if err != nil {
		return 0, err
	}
	var h wire.ReplyHeader
	dec := wire.NewDecoder(frame)
	if h.Decode(&dec); dec.Err() != nil {
		return 0, dec.Err()
	}
	if h.Xid != r.xid {
		return 0, fmt.Errorf("answer %d to request %d", h.Xid, r.xid)
	}
	return h.Err, nil
}

// exchange sends one frame and returns the next that comes.
func (r *raw) exchange(records ...wire.Record) ([]byte, error) {
	if err := r.nc.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return nil, err
	}
	if _, err := r.nc.Write(wire.Frame(records...)); err != nil {
		return nil, err
	}
	return wire.ReadFrame(r.nc, wire.DefaultMaxFrame, nil)
}

// goodbye ends the session, and its znode with it, if the connection is there.
func (r *raw) goodbye() {
	if r.nc != nil {
		_, _ = r.call(wire.OpCloseSession) // else it ends with the ensemble
	}
}

func (r *raw) hangUp() {
	if r.nc != nil {
		_ = r.nc.Close() // what matters has been answered
		r.nc = nil
	}
}
