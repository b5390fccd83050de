package ops_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/clustertest"
	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/ops/wire"
)

func dial(t *testing.T, servers string) *ops.Conn {
	t.Helper()
	list, chroot, err := ops.ParseServers(servers)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ops.Dial(t.Context(), ops.Config{Servers: list, Chroot: chroot})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestZnodes(t *testing.T) {
	servers := clustertest.Start(t, 3)
	c, ctx := dial(t, servers), t.Context()
	for _, p := range []string{"/a", "/a/c", "/a/b", "/a/b/deep"} {
		must(c.Create(ctx, p, []byte("value of "+p), ops.CreateOptions{}))(t)
	}
	data, stat, err := c.Get(ctx, "/a/b")
	if err != nil || string(data) != "value of /a/b" || stat.NumChildren != 1 || stat.DataLength != 13 {
		t.Errorf("%q %+v %v", data, stat, err)
	}
	if s := must(c.Set(ctx, "/a", []byte{0, 0xff}, 0))(t); s.Version != 1 {
		t.Errorf("version %d", s.Version)
	}
	paths := func(o ops.ListOptions) (got []string) {
		for _, e := range must(c.List(ctx, []string{"/a"}, o))(t) {
			if (e.Stat != nil) != o.Long {
				t.Errorf("%+v: stat %v", o, e.Stat)
			}
			got = append(got, e.Path)
		}
		return got
	}
	for _, long := range []bool{false, true} {
		if got := paths(ops.ListOptions{Long: long}); !slices.Equal(got, []string{"/a/b", "/a/c"}) {
			t.Errorf("%v", got)
		}
		if got := paths(ops.ListOptions{Long: long, Recursive: true}); !slices.Equal(got, []string{"/a/b", "/a/b/deep", "/a/c"}) {
			t.Errorf("%v", got)
		}
	}
	if got := must(c.Create(ctx, "/q/deep/n-", nil, ops.CreateOptions{Sequential: true, Parents: true}))(t); got != "/q/deep/n-0000000000" {
		t.Errorf("%s", got)
	}
	if got := must(c.Create(ctx, "/q/", nil, ops.CreateOptions{Sequential: true}))(t); got != "/q/0000000001" {
		t.Errorf("a name of digits alone: %s", got)
	}
	if n := must(c.Remove(ctx, "/a", ops.RemoveOptions{Recursive: true, Version: ops.Any}))(t); n != 4 {
		t.Errorf("removed %d", n)
	}
	if _, ok, err := c.Exists(ctx, "/a"); ok || err != nil {
		t.Errorf("exists: %v, %v", ok, err)
	}
}

func TestErrors(t *testing.T) {
	c, ctx := dial(t, clustertest.Start(t, 1)), t.Context()
	must(c.Create(ctx, "/a/b", nil, ops.CreateOptions{Parents: true}))(t)
	must(c.Create(ctx, "/e", nil, ops.CreateOptions{Ephemeral: true}))(t)
	just := func(_ any, err error) error { return err }
	for _, k := range []struct {
		err  error
		want error
		text string
	}{
		{just(c.Create(ctx, "/a", nil, ops.CreateOptions{})), ops.ErrNodeExists, "create /a: znode exists already"},
		{just(c.Create(ctx, "/no/p", nil, ops.CreateOptions{})), ops.ErrNoNode, "create /no/p: no such znode"},
		{just(c.Create(ctx, "/e/c", nil, ops.CreateOptions{})), ops.ErrNoChildrenForEphemerals, ""},
		{just(c.Create(ctx, "bad", nil, ops.CreateOptions{})), ops.ErrBadPath, "create bad: bad path: it does not begin with /"},
		{just(c.Create(ctx, "/x", make([]byte, 2<<20), ops.CreateOptions{})), ops.ErrTooLarge, "takes 1048575"},
		{just(c.Set(ctx, "/a", nil, 5)), ops.ErrBadVersion, ""},
		{just(c.Set(ctx, "/none", nil, ops.Any)), ops.ErrNoNode, ""},
		{c.Delete(ctx, "/a", ops.Any), ops.ErrNotEmpty, "rm /a: znode has children"},
		{just(c.Remove(ctx, "/", ops.RemoveOptions{Recursive: true})), ops.ErrPreserved, "rm /: refused"},
		{just(c.Remove(ctx, "/none", ops.RemoveOptions{Recursive: true})), ops.ErrNoNode, "rm /none: no such znode"},
		{just(c.List(ctx, []string{"/none"}, ops.ListOptions{Recursive: true})), ops.ErrNoNode, "ls /none: no such znode"},
	} {
		if k.err == nil || k.want != nil && !errors.Is(k.err, k.want) || !strings.Contains(k.err.Error(), k.text) {
			t.Errorf("got %v; want %v, %q", k.err, k.want, k.text)
		}
	}
	if _, ok, err := c.Exists(ctx, "/a/b"); !ok || err != nil {
		t.Error("something was lost on the way")
	}
}

func TestChroot(t *testing.T) {
	servers := clustertest.Start(t, 1)
	plain, c, ctx := dial(t, servers), dial(t, servers+"/root/of/it"), t.Context()
	if _, err := c.Create(ctx, "/a", nil, ops.CreateOptions{}); !errors.Is(err, ops.ErrNoNode) {
		t.Errorf("a chroot that is not there: %v", err)
	}
	if got := must(c.Create(ctx, "/s-", []byte("x"), ops.CreateOptions{Parents: true, Sequential: true}))(t); got != "/s-0000000000" {
		t.Errorf("%s", got)
	}
	if d, _, err := plain.Get(ctx, "/root/of/it/s-0000000000"); err != nil || string(d) != "x" {
		t.Errorf("%q %v", d, err)
	}
	if es := must(c.List(ctx, []string{"/"}, ops.ListOptions{Recursive: true}))(t); len(es) != 1 || es[0].Path != "/s-0000000000" {
		t.Errorf("%+v", es)
	}
	if _, _, err := c.Get(ctx, "/none"); err == nil || err.Error() != "get /none: no such znode" {
		t.Errorf("%v", err)
	}
}

func TestWatches(t *testing.T) {
	c, ctx := dial(t, clustertest.Start(t, 3)), t.Context()
	_, ok, created, err := c.ExistsW(ctx, "/w")
	if ok || err != nil {
		t.Fatal(ok, err)
	}
	must(c.Create(ctx, "/w", nil, ops.CreateOptions{}))(t)
	if e := <-created; e.Type != "created" || e.Path != "/w" {
		t.Errorf("%+v", e)
	}
	_, _, gone, err := c.GetW(ctx, "/w")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, "/w", ops.Any); err != nil {
		t.Fatal(err)
	}
	if e := <-gone; e.Type != "deleted" {
		t.Errorf("%+v", e)
	}
	_, _, over, err := c.ChildrenW(ctx, "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if e := <-over; e.Err == nil {
		t.Errorf("%+v after the end", e)
	}
}

func TestEphemeralsGoWithClose(t *testing.T) {
	servers := clustertest.Start(t, 3)
	a, b, ctx := dial(t, servers), dial(t, servers), t.Context()
	must(a.Create(ctx, "/e", nil, ops.CreateOptions{Ephemeral: true}))(t)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Sync(ctx, "/"); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Exists(ctx, "/e"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	if _, _, err := a.Get(ctx, "/"); !errors.Is(err, ops.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// listener serves each connection with f.
func listener(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends with l
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			f(nc)
			_ = nc.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := l.Addr().String()
	_ = l.Close()
	for name, k := range map[string]struct {
		servers []string
		want    error
		text    string
	}{
		"refused":    {[]string{refused}, ops.ErrNoServer, "connect " + refused + ": no server can be reached: connection refused"},
		"http":       {[]string{listener(t, func(nc net.Conn) { _, _ = io.WriteString(nc, "HTTP/1.1 400 Bad Request\r\n\r\n") })}, ops.ErrNotZooKeeper, ""},
		"giant":      {[]string{listener(t, func(nc net.Conn) { _, _ = nc.Write([]byte{0x7f, 0xff, 0xff, 0xff, 1, 2}) })}, ops.ErrNotZooKeeper, ""},
		"garbage":    {[]string{listener(t, func(nc net.Conn) { _, _ = nc.Write([]byte{0, 0, 0, 2, 1, 2}) })}, ops.ErrNotZooKeeper, ""},
		"closes":     {[]string{listener(t, func(nc net.Conn) { _, _ = nc.Read(make([]byte, 100)) })}, ops.ErrNoServer, "closed the connection"},
		"mute":       {[]string{listener(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })}, ops.ErrNoServer, "did not answer"},
		"two of two": {[]string{refused, listener(t, func(nc net.Conn) { _, _ = io.WriteString(nc, "SSH-2.0-x") })}, ops.ErrNoServer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ops.Dial(t.Context(), ops.Config{Servers: k.servers, ConnectTimeout: 1200 * time.Millisecond})
			if err == nil {
				_ = c.Close()
			}
			if !errors.Is(err, k.want) || !strings.Contains(fmt.Sprint(err), k.text) {
				t.Errorf("%v; want %v, %q", err, k.want, k.text)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ops.Dial(ctx, ops.Config{Servers: []string{refused}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// cutter is a proxy that cuts the connection when it sees a request of one kind:
// before or after the server got it.
func cutter(t *testing.T, server string, op wire.Op, after bool) string {
	armed := true
	return listener(t, func(nc net.Conn) {
		up, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer up.Close()
		first, done := true, make(chan struct{})
		go func() { // ends with up
			defer close(done)
			if !after || !armed {
				_, _ = io.Copy(nc, up)
				return
			}
			b := make([]byte, 1<<16)
			for {
				n, err := up.Read(b)
				if err != nil || !armed {
					return
				}
				_, _ = nc.Write(b[:n])
			}
		}()
		for {
			frame, err := wire.ReadFrame(nc, 1<<20, nil)
			if err != nil {
				break
			}
			cut := armed && !first && len(frame) >= 8 && wire.Op(int32(frame[4])<<24|int32(frame[5])<<16|int32(frame[6])<<8|int32(frame[7])) == op
			first = false
			if cut {
				armed = false
			}
			if !cut || after {
				_, _ = up.Write(wire.Frame(raw(frame)))
			}
			if cut {
				if after {
					<-done // the answer came and was kept back
				}
				break
			}
		}
		_ = up.Close()
		_ = nc.Close()
		<-done
	})
}

type raw []byte

func (r raw) Append(b []byte) []byte { return append(b, r...) }

// TestOutcomeUnknown: a write whose answer is lost is reported and not repeated; a
// read is.
func TestOutcomeUnknown(t *testing.T) {
	servers := clustertest.Start(t, 1)
	ctx := t.Context()
	must(dial(t, servers).Create(ctx, "/n", []byte("0"), ops.CreateOptions{}))(t)

	c := dial(t, cutter(t, servers, wire.OpSetData, false))
	if _, err := c.Set(ctx, "/n", []byte("1"), ops.Any); !errors.Is(err, ops.ErrOutcomeUnknown) {
		t.Errorf("a write that was cut: %v", err)
	}
	if d, s, err := c.Get(ctx, "/n"); err != nil || string(d) != "0" || s.Version != 0 {
		t.Errorf("%q %+v %v", d, s, err)
	}
	c = dial(t, cutter(t, servers, wire.OpGetData, false))
	if d, _, err := c.Get(ctx, "/n"); err != nil || string(d) != "0" {
		t.Errorf("a read that was cut: %q %v", d, err)
	}
}

// TestCreateProtected: when the answer to the creation is lost, the znode is found.
func TestCreateProtected(t *testing.T) {
	servers := clustertest.Start(t, 1)
	ctx := t.Context()
	other := dial(t, servers)
	must(other.Create(ctx, "/l", nil, ops.CreateOptions{}))(t)
	must(other.Create(ctx, "/l/_c_guid-lock-", nil, ops.CreateOptions{Ephemeral: true, Sequential: true}))(t) // another session's
	must(other.Create(ctx, "/l/_c_x", nil, ops.CreateOptions{}))(t)
	for _, after := range []bool{false, true} {
		c := dial(t, cutter(t, servers, wire.OpCreate, after))
		p, err := c.CreateProtected(ctx, "/l/_c_guid-lock-", "guid", []byte("me"))
		if err != nil {
			t.Fatal(err)
		}
		names, _, err := c.Children(ctx, "/l")
		if err != nil {
			t.Fatal(err)
		}
		own := 0
		for _, n := range names {
			if s, ok, err := c.Exists(ctx, "/l/"+n); err == nil && ok && s.EphemeralOwner == c.SessionID() {
				own++
				if "/l/"+n != p {
					t.Errorf("%s is mine and is not %s", n, p)
				}
			}
		}
		if own != 1 {
			t.Errorf("answer lost %v: %d znodes are mine", after, own)
		}
		_ = c.Close()
	}
}

func TestReadOnlyAndTrace(t *testing.T) {
	servers := clustertest.Start(t, 1)
	var b bytes.Buffer
	c, err := ops.Dial(t.Context(), ops.Config{Servers: []string{servers}, ReadOnly: true, Trace: &b})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), "/a", []byte("secret value"), ops.CreateOptions{}); !errors.Is(err, ops.ErrReadOnly) {
		t.Errorf("%v", err)
	}
	must(c.Stat(t.Context(), "/"))(t)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got := b.String(); !strings.Contains(got, `exists "/"`) || strings.Contains(got, "secret") {
		t.Errorf("trace: %s", got)
	}
}

func TestParseServers(t *testing.T) {
	for in, want := range map[string]string{
		"a":                "[a:2181]",
		"a:1,b:2/x/y":      "[a:1 b:2]/x/y",
		"127.0.0.1/":       "[127.0.0.1:2181]",
		"[::1]:5,::1, h:7": "[[::1]:5 [::1]:2181 h:7]",
		"":                 "error",
		"a:0":              "error",
		"a:b":              "error",
		":1":               "error",
		"a,,b":             "error",
		"a/x//y":           "error",
		"a/x/":             "error",
		"user@host:99999":  "error",
		"a:1:2:3:g":        "error",
		"[::1":             "[[::1]:2181]",
	} {
		servers, chroot, err := ops.ParseServers(in)
		got := fmt.Sprint(servers) + chroot
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", in, got, err, want)
		}
	}
}
