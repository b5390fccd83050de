package histories

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// The znodes of one round, below its root.
const (
	keys      = 5
	sequence  = "/s"
	sessions  = "/e"
	twins     = "/t" // two znodes that are written by one multi, and so hold the same
	mostBytes = 40_000
)

func key(root string, i int) string  { return fmt.Sprintf("%s/k%d", root, i) }
func twin(root string, i int) string { return fmt.Sprintf("%s%s%d", root, twins, i) }

// work is what a client does: something, over and over, until ctx ends.
type work struct {
	*client

	root string
	n    int
}

func (w *work) run(ctx context.Context) {
	defer w.drop()
	for w.ready(ctx) == nil {
		w.something(ctx)
		pause(ctx, time.Duration(w.rng.IntN(6000))*time.Microsecond)
	}
}

// something does one thing of those that clients do, by their shares in a hundred.
func (w *work) something(ctx context.Context) {
	path := key(w.root, w.rng.IntN(keys))
	switch p := w.rng.Float64() * 100; {
	case p < 18:
		w.set(path, -1)
	case p < 32:
		if seen, ok := w.get(path, false); ok {
			w.set(path, seen.Version)
		}
	case p < 42:
		w.create(create, path, 0)
	case p < 48:
		w.remove(path, -1)
	case p < 66:
		w.read(path)
	case p < 80:
		w.get(path, p < 73)
	case p < 84:
		w.create(next, w.root+sequence+"/n", wire.FlagSequential)
	case p < 88:
		w.both()
	case p < 92:
		w.get(twin(w.root, 0), false)
		w.alive(func() { w.get(twin(w.root, 1), false) })
	case p < 94:
		w.checked(path, key(w.root, w.rng.IntN(keys)))
	case p < 96:
		w.list(w.root + sessions)
	case p < 97.5:
		w.create(hold, fmt.Sprintf("%s%s/%d-%d", w.root, sessions, w.id, w.n), wire.FlagEphemeral)
	case p < 99.3:
		w.drop() // and take the session elsewhere
	case p < 99.4:
		w.drop() // and stay away, perhaps for too long
		pause(ctx, askedTimeout/2+time.Duration(w.rng.Int64N(int64(askedTimeout))))
	case p < 99.7:
		w.close()
	default:
		w.drop() // and leave the session to its end
		w.forget()
	}
}

// alive does f if the connection is still there.
func (w *work) alive(f func()) {
	if w.nc != nil {
		f()
	}
}

// fresh returns a value that nobody has written before.
func (w *work) fresh() string {
	w.n++
	return fmt.Sprintf("%d.%d", w.id, w.n)
}

// padded is what is written for a value: it is found again in it, and most are short.
func padded(value string) []byte {
	h := fnv.New32a()
	_, _ = h.Write([]byte(value)) // never fails, by its documentation
	n := h.Sum32() % 100
	if n == 0 {
		n = mostBytes
	}
	return []byte(value + strings.Repeat(" ", int(n)))
}

// valueOf is the other way. What was not written so is a value that nobody wrote.
func valueOf(data []byte) string {
	value := strings.TrimRight(string(data), " ")
	if string(padded(value)) != string(data) {
		return fmt.Sprintf("%d bytes that begin with %.20q", len(data), data)
	}
	return value
}

// end completes the record of an operation by its reply, if one came, and adds it. It
// tells whether the operation was done.
func (w *work) end(r record, got reply, err error) bool {
	r.Return, r.Zxid, r.Code = w.log.now(), got.Zxid, got.Err
	switch {
	case err != nil && !r.writes():
		return false // it has shown nothing
	case err != nil:
		r.Outcome = unknown
	case got.Err != wire.CodeOK:
		r.Outcome = refused
	default:
		r.Outcome = done
	}
	w.note(r)
	return r.Outcome == done
}

func (w *work) create(k kind, path string, flags int32) {
	r := record{Kind: k, Path: path, Value: w.fresh(), Call: w.log.now()}
	got, err := w.call(wire.OpCreate, &wire.CreateRequest{Path: path, Data: padded(r.Value), ACL: wire.WorldACL(), Flags: flags})
	if k == next && err == nil && got.Err == wire.CodeOK {
		var made wire.CreateResponse
		d := wire.NewDecoder(got.body)
		made.Decode(&d)
		r.Value = made.Path
	}
	w.end(r, got, err)
}

func (w *work) set(path string, version int32) {
	r := record{Kind: set, Path: path, Value: w.fresh(), Version: version, Call: w.log.now()}
	got, err := w.call(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: padded(r.Value), Version: version})
	if err == nil && got.Err == wire.CodeOK {
		var stat wire.Stat
		d := wire.NewDecoder(got.body)
		stat.Decode(&d)
		r.Made, r.Mzxid = stat.Version, stat.Mzxid
	}
	w.end(r, got, err)
}

func (w *work) remove(path string, version int32) {
	r := record{Kind: remove, Path: path, Version: version, Call: w.log.now()}
	got, err := w.call(wire.OpDelete, &wire.DeleteRequest{Path: path, Version: version})
	w.end(r, got, err)
}

// get reads a znode as the server has it.
func (w *work) get(path string, watch bool) (record, bool) {
	return w.look(record{Kind: get, Path: path, Watch: watch, Call: w.log.now()})
}

// read reads a znode behind a sync.
func (w *work) read(path string) (record, bool) {
	r := record{Kind: read, Path: path, Call: w.log.now()}
	if got, err := w.call(wire.OpSync, &wire.PathRequest{Path: path}); err != nil || got.Err != wire.CodeOK {
		return r, false
	}
	return w.look(r)
}

func (w *work) look(r record) (record, bool) {
	got, err := w.call(wire.OpGetData, &wire.PathWatchRequest{Path: r.Path, Watch: r.Watch})
	if err == nil && got.Err == wire.CodeOK {
		var data wire.GetDataResponse
		d := wire.NewDecoder(got.body)
		data.Decode(&d)
		r.Value, r.Version, r.Mzxid = valueOf(data.Data), data.Stat.Version, data.Stat.Mzxid
		if r.Watch {
			w.watched[r.Path] = true
		}
	}
	return r, w.end(r, got, err)
}

// list reads the children of a znode behind a sync.
func (w *work) list(path string) (record, bool) {
	r := record{Kind: list, Path: path, Call: w.log.now()}
	if got, err := w.call(wire.OpSync, &wire.PathRequest{Path: path}); err != nil || got.Err != wire.CodeOK {
		return r, false
	}
	got, err := w.call(wire.OpGetChildren, &wire.PathWatchRequest{Path: path})
	if err == nil && got.Err == wire.CodeOK {
		var children wire.GetChildrenResponse
		d := wire.NewDecoder(got.body)
		children.Decode(&d)
		r.Names = append([]string{}, children.Children...)
	}
	return r, w.end(r, got, err)
}

// both writes the twins.
func (w *work) both() {
	value, call := w.fresh(), w.log.now()
	var m wire.MultiRequest
	var rs []record
	for i := range 2 {
		rs = append(rs, record{Kind: set, Path: twin(w.root, i), Value: value, Version: -1, Call: call})
		m.Ops = append(m.Ops, wire.MultiOp{Op: wire.OpSetData, Path: twin(w.root, i), Data: padded(value), Version: -1})
	}
	w.multi(&m, rs)
}

// checked writes one znode if another has the version that was just seen.
func (w *work) checked(a, b string) {
	seen, ok := w.get(a, false)
	if !ok || a == b {
		return
	}
	r := record{Kind: set, Path: b, Value: w.fresh(), Version: -1, Call: w.log.now()}
	w.multi(&wire.MultiRequest{Ops: []wire.MultiOp{
		{Op: wire.OpCheck, Path: a, Version: seen.Version},
		{Op: wire.OpSetData, Path: b, Data: padded(r.Value), Version: -1},
	}}, []record{{Kind: check, Path: a, Version: seen.Version, Call: r.Call}, r})
}

// multi sends a multi, whose operations are the records.
func (w *work) multi(m *wire.MultiRequest, rs []record) {
	got, err := w.call(wire.OpMulti, m)
	if err != nil {
		for _, r := range rs {
			w.end(r, got, err)
		}
		return
	}
	var results wire.MultiResponse
	d := wire.NewDecoder(got.body)
	if results.Decode(&d); d.Err() != nil || len(results.Results) != len(rs) {
		return // refused as a whole
	}
	for i, r := range rs {
		res := results.Results[i]
		failed := res.Op == wire.OpError
		if failed && (res.Err == wire.CodeRuntimeInconsistency || res.Err == wire.CodeOK && r.Kind != check) {
			continue // what stands beside an operation that was refused has no outcome
		}
		got.Err, r.Made, r.Mzxid = res.Err, res.Stat.Version, res.Stat.Mzxid
		w.end(r, got, nil)
	}
}

// close ends the session.
func (w *work) close() {
	r := record{Kind: closed, Call: w.log.now()}
	got, err := w.call(wire.OpCloseSession, nil)
	if err == nil && got.Err == wire.CodeOK {
		w.end(r, got, nil)
	}
	w.drop()
	w.forget()
}
