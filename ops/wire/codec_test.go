package wire_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
)

// record is a record that can be read back.
type record interface {
	wire.Record
	Decode(*wire.Decoder)
}

func records() []record {
	stat := wire.Stat{Czxid: 1, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7, EphemeralOwner: 8, DataLength: 9, NumChildren: 10, Pzxid: 11}
	return []record{
		&wire.ConnectRequest{ProtocolVersion: 0, LastZxidSeen: 7, Timeout: 4000, SessionID: -5, Password: []byte("0123456789abcdef"), HasReadOnly: true, ReadOnly: true},
		&wire.ConnectRequest{Timeout: 1, Password: []byte{}},
		&wire.ConnectResponse{Timeout: 4000, SessionID: 9, Password: []byte("x"), HasReadOnly: true},
		&wire.RequestHeader{Xid: 3, Op: wire.OpCreate},
		&wire.ReplyHeader{Xid: -1, Zxid: -1, Err: wire.CodeNoNode},
		&wire.SessionRecord{ID: 1 << 60, Timeout: 2, Password: [16]byte{1, 2, 3}},
		&wire.WatcherEvent{Type: wire.EventNodeCreated, State: 3, Path: "/a"},
		&wire.SetWatches{RelativeZxid: 1, Data: []string{"/a"}, Exist: []string{"/b", ""}, Child: nil},
		&stat,
		&wire.ACL{Perms: wire.PermAll, Scheme: "world", ID: "anyone"},
		&wire.CreateRequest{Path: "/a", Data: []byte("d"), ACL: wire.WorldACL(), Flags: 3},
		&wire.CreateRequest{Path: "/null"},
		&wire.DeleteRequest{Path: "/a", Version: -1},
		&wire.SetDataRequest{Path: "/a", Data: []byte{}, Version: 4},
		&wire.PathWatchRequest{Path: "/é", Watch: true},
		&wire.PathRequest{Path: "/"},
		&wire.CreateTTLRequest{CreateRequest: wire.CreateRequest{Path: "/t", Data: []byte("d"), ACL: wire.WorldACL(), Flags: 5}, TTL: 1 << 40},
		&wire.SetACLRequest{Path: "/a", ACL: wire.WorldACL(), Version: 2},
		&wire.ReconfigRequest{Joining: "server.4=h:1:2;3", Config: -1},
		&wire.ReconfigRequest{Leaving: "1,2", NewMembers: "x", Config: 1 << 33},
		&wire.GetACLResponse{ACL: wire.WorldACL(), Stat: stat},
		&wire.ErrorResponse{Err: wire.CodeNoWatcher},
		&wire.CountResponse{Total: 7},
		&wire.SetWatches2{SetWatches: wire.SetWatches{RelativeZxid: 1, Data: []string{"/a"}}, Persistent: []string{"/p"}, Recursive: []string{"/r", "/"}},
		&wire.AddWatchRequest{Path: "/a", Mode: wire.WatchRecursive},
		&wire.WatchesRequest{Path: "/a", Type: wire.WatcherAny},
		&wire.AuthRequest{Scheme: "digest", Auth: []byte("u:p")},
		&wire.SASLToken{Token: []byte("t")},
		&wire.Identities{{Scheme: "ip", ID: "127.0.0.1"}, {Scheme: "digest", ID: "u:h"}},
		&wire.MultiRequest{Ops: []wire.MultiOp{
			{Op: wire.OpCreate, Create: wire.CreateRequest{Path: "/a", Data: []byte("x"), ACL: wire.WorldACL()}},
			{Op: wire.OpCreateTTL, Create: wire.CreateRequest{Path: "/a", Data: []byte("x"), ACL: wire.WorldACL(), Flags: 6}, TTL: 5},
			{Op: wire.OpDelete, Path: "/b", Version: 3},
			{Op: wire.OpSetData, Path: "/c", Data: []byte("y"), Version: -1},
			{Op: wire.OpCheck, Path: "/d", Version: 0},
			{Op: wire.OpGetData, Path: "/e"},
		}},
		&wire.CreateResponse{Path: "/a"},
		&wire.GetDataResponse{Data: []byte("d"), Stat: stat},
		&wire.GetChildrenResponse{Children: []string{"a", "b"}},
		&wire.MultiResponse{Results: []wire.MultiResult{
			{Op: wire.OpCreate, Path: "/a"}, {Op: wire.OpCreate2, Path: "/a", Stat: stat}, {Op: wire.OpSetData, Stat: stat}, {Op: wire.OpDelete},
			{Op: wire.OpError, Err: wire.CodeNoNode}, {Op: wire.OpGetData, Data: []byte("x"), Stat: stat}, {Op: wire.OpGetChildren, Children: []string{"c"}},
		}},
	}
}

// TestRoundTrip reads back what was written, and leaves nothing over.
func TestRoundTrip(t *testing.T) {
	for _, r := range records() {
		b := r.Append(nil)
		got := reflect.New(reflect.TypeOf(r).Elem()).Interface().(record)
		d := wire.NewDecoder(b)
		got.Decode(&d)
		if d.Err() != nil || d.Len() != 0 {
			t.Errorf("%T: error %v, %d bytes over", r, d.Err(), d.Len())
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("wrote %+v, read %+v", r, got)
		}
		for n := range b { // a record cut anywhere is an error or a shorter record, never a panic
			d := wire.NewDecoder(b[:n])
			reflect.New(reflect.TypeOf(r).Elem()).Interface().(record).Decode(&d)
			_, optional := r.(*wire.ConnectRequest)
			_, optional2 := r.(*wire.ConnectResponse)
			if d.Err() == nil && !optional && !optional2 {
				t.Errorf("%T cut to %d of %d bytes is no error", r, n, len(b))
			}
		}
	}
}

// FuzzDecode feeds every decoder garbage. What decodes must encode to something
// that decodes to the same.
func FuzzDecode(f *testing.F) {
	for i, r := range records() {
		f.Add(uint8(i), r.Append(nil))
	}
	kinds := records()
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		typ := reflect.TypeOf(kinds[int(kind)%len(kinds)]).Elem()
		first := reflect.New(typ).Interface().(record)
		d := wire.NewDecoder(b)
		first.Decode(&d)
		if d.Err() != nil {
			return
		}
		once := first.Append(nil)
		second := reflect.New(typ).Interface().(record)
		d = wire.NewDecoder(once)
		second.Decode(&d)
		if d.Err() != nil {
			t.Fatalf("%T: %v", first, d.Err())
		}
		if again := second.Append(nil); !bytes.Equal(once, again) {
			t.Fatalf("%T: %x became %x", first, once, again)
		}
	})
}

// TestLengthsAreBounded: a length that the frame cannot hold allocates nothing.
func TestLengthsAreBounded(t *testing.T) {
	huge := []byte{0x7f, 0xff, 0xff, 0xff}
	for name, read := range map[string]func(*wire.Decoder){
		"bytes":   func(d *wire.Decoder) { d.Bytes() },
		"string":  func(d *wire.Decoder) { _ = d.String() },
		"strings": func(d *wire.Decoder) { d.Strings() },
		"minus 2": func(d *wire.Decoder) { *d = wire.NewDecoder([]byte{0xff, 0xff, 0xff, 0xfe}); d.Bytes() },
	} {
		d := wire.NewDecoder(huge)
		if n := testing.AllocsPerRun(1, func() { d = wire.NewDecoder(huge); read(&d) }); n > 0 && name != "minus 2" {
			t.Errorf("%s: %v allocations", name, n)
		}
		if !errors.Is(d.Err(), wire.ErrLength) {
			t.Errorf("%s: %v, want %v", name, d.Err(), wire.ErrLength)
		}
	}
}

func TestReadFrame(t *testing.T) {
	long := bytes.Repeat([]byte("z"), 300_000)
	in := append(wire.PutLength(append(make([]byte, 4), long...), 0), 0, 0, 0, 0)
	r := bytes.NewReader(in)
	if got, err := wire.ReadFrame(r, len(long), nil); err != nil || !bytes.Equal(got, long) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if got, err := wire.ReadFrame(r, 10, nil); err != nil || len(got) != 0 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := wire.ReadFrame(r, 10, nil); err != io.EOF {
		t.Fatalf("%v, want EOF", err)
	}
	for in, want := range map[string]string{
		"\x00\x00\x00\x05ab": "unexpected EOF",
		"\x00\x00":           "unexpected EOF",
		"\x7f\xff\xff\xff":   "at most 10 allowed",
		"\xff\xff\xff\xff":   "frame of -1 bytes",
	} {
		if _, err := wire.ReadFrame(strings.NewReader(in), 10, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}
