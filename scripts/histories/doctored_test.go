package histories

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zooctl/zooctl/ops/wire"
)

// sound is a short history with nothing wrong in it. Names of its records are for the
// doctors. Times are in milliseconds.
func sound() (names []string, h []record) {
	const k, e, s = "/h/k0", "/h/e", "/h/s"
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	add := func(name string, client int, k kind, from, to int64, r record) {
		r.Client, r.Session, r.Kind, r.Call, r.Return = client, int64(client), k, ms(from), ms(to)
		if r.Outcome == "" && k != connect && k != expired && k != event {
			r.Outcome = done
		}
		names, h = append(names, name), append(h, r)
	}
	add("connect1", 1, connect, 0, 1, record{})
	add("connect2", 2, connect, 0, 1, record{})
	add("create", 1, create, 2, 4, record{Path: k, Value: "a", Zxid: 1})
	add("set b", 1, set, 5, 6, record{Path: k, Value: "b", Version: -1, Zxid: 2, Mzxid: 2, Made: 1})
	add("watch", 2, get, 7, 8, record{Path: k, Value: "b", Version: 1, Watch: true, Zxid: 2, Mzxid: 2})
	add("hold", 1, hold, 9, 10, record{Path: e + "/1", Zxid: 3})
	add("next0", 1, next, 11, 12, record{Path: s + "/n", Value: s + "/n0000000000", Zxid: 4})
	add("next1", 2, next, 13, 14, record{Path: s + "/n", Value: s + "/n0000000001", Zxid: 5})
	add("held", 2, list, 15, 16, record{Path: e, Names: []string{"1"}, Zxid: 5})
	add("set c", 1, set, 17, 20, record{Path: k, Value: "c", Version: -1, Outcome: unknown})
	add("event", 2, event, 18, 18, record{Path: k})
	add("read c", 2, read, 19, 20, record{Path: k, Value: "c", Version: 2, Zxid: 6, Mzxid: 6})
	add("reconnect", 1, connect, 21, 22, record{})
	add("get c", 1, get, 23, 24, record{Path: k, Value: "c", Version: 2, Zxid: 6, Mzxid: 6})
	add("set d", 1, set, 25, 26, record{Path: k, Value: "d", Version: 2, Zxid: 7, Mzxid: 7, Made: 3})
	add("delete", 2, remove, 27, 28, record{Path: k, Version: 3, Zxid: 8})
	add("read none", 1, read, 29, 30, record{Path: k, Outcome: refused, Code: wire.CodeNoNode, Zxid: 8})
	add("create again", 2, create, 31, 32, record{Path: k, Value: "e", Zxid: 9})
	add("set x", 1, set, 33, 34, record{Path: k, Value: "x", Version: 7, Outcome: refused, Code: wire.CodeBadVersion, Zxid: 10})
	add("close", 1, closed, 35, 36, record{Zxid: 11})
	add("let go", 2, list, 37, 38, record{Path: e, Zxid: 11})
	add("names", 2, list, 39, 40, record{Path: s, Names: []string{"n0000000001", "n0000000000"}, Zxid: 11})
	add("read e", 2, read, 41, 42, record{Path: k, Value: "e", Zxid: 11, Mzxid: 9})
	add("connect3", 3, connect, 41, 42, record{Timeout: 4 * time.Second})
	add("get e", 3, get, 43, 44, record{Path: k, Value: "e", Zxid: 11, Mzxid: 9})
	add("expired", 3, expired, 4990, 5000, record{Timeout: 4 * time.Second})
	return names, h
}

// none draws nothing.
func none(string, porcupine.Model, porcupine.LinearizationInfo) {}

// TestSound has nothing to find.
func TestSound(t *testing.T) {
	_, h := sound()
	settle(h)
	if bad := verdict(h, nil, none); len(bad) > 0 {
		t.Errorf("a sound history is found to be bad:\n%s", strings.Join(bad, "\n"))
	}
}

// TestDoctored spoils the sound history in one place after another. Each must be found,
// and by the check that is there for it.
func TestDoctored(t *testing.T) {
	type edit = func(r *record)
	drop := func(r *record) { *r = record{Kind: "nothing", Client: r.Client} }
	found := func(value string, version int32, mzxid, zxid int64) edit {
		return func(r *record) {
			r.Outcome, r.Code, r.Value, r.Version, r.Mzxid, r.Zxid = done, wire.CodeOK, value, version, mzxid, zxid
		}
	}
	for name, c := range map[string]struct {
		finder string
		edits  map[string]edit
	}{
		"a stale read behind a sync": {"znodes", map[string]edit{"read none": found("d", 3, 7, 8)}},
		"a stale read, at its zxid":  {"order", map[string]edit{"read none": found("d", 3, 7, 7)}},
		"a lost write":               {"znodes", map[string]edit{"read e": func(r *record) { r.Outcome, r.Code = refused, wire.CodeNoNode }}},
		"a lost write, in a plain read": {"snapshot", map[string]edit{
			"get e": func(r *record) { r.Outcome, r.Code = refused, wire.CodeNoNode },
		}},
		"two of one version":          {"znodes", map[string]edit{"set c": func(r *record) { r.Outcome, r.Zxid, r.Mzxid, r.Made, r.Version = done, 6, 6, 2, 2 }}},
		"a write refused for nothing": {"znodes", map[string]edit{"set x": func(r *record) { r.Version = 0 }}},
		"a wrong version":             {"znodes", map[string]edit{"set d": func(r *record) { r.Made = 4 }}},
		"a delete that was none":      {"znodes", map[string]edit{"read none": found("d", 3, 7, 8), "create again": drop, "read e": drop, "get e": drop}},
		"a read of the past":          {"snapshot", map[string]edit{"get c": found("b", 1, 2, 6)}},
		"a read of the future":        {"snapshot", map[string]edit{"get c": found("d", 3, 7, 6)}},
		"a value of nobody":           {"snapshot", map[string]edit{"get c": found("z", 2, 6, 6)}},
		"a value that was refused":    {"snapshot", map[string]edit{"get e": found("x", 1, 10, 11)}},
		"one zxid, two values":        {"snapshot", map[string]edit{"get c": found("b", 2, 6, 6)}},
		"a session that goes back":    {"session", map[string]edit{"get c": found("b", 1, 2, 3)}},
		"a connection to the past":    {"order", map[string]edit{"get c": found("b", 1, 2, 3)}},
		"a connection, new, to it":    {"order", map[string]edit{"get e": found("d", 3, 7, 7)}},
		"writes against time":         {"order", map[string]edit{"next0": func(r *record) { r.Zxid = 5 }, "next1": func(r *record) { r.Zxid = 4 }}},
		"one zxid for two writes":     {"zxids", map[string]edit{"next1": func(r *record) { r.Zxid = 4 }}},
		"a change before its event":   {"watch", map[string]edit{"event": drop}},
		"one name for two":            {"sequence", map[string]edit{"next1": func(r *record) { r.Value = "/h/s/n0000000000" }}},
		"names against time":          {"sequence", map[string]edit{"next0": func(r *record) { r.Value = "/h/s/n0000000002" }}},
		"a name that is gone":         {"sequence", map[string]edit{"names": func(r *record) { r.Names = r.Names[1:] }}},
		"an ephemeral that was taken": {"ephemeral", map[string]edit{"held": func(r *record) { r.Names = nil }}},
		"an ephemeral that stays":     {"ephemeral", map[string]edit{"let go": func(r *record) { r.Names = []string{"1"} }}},
		"a session ended early":       {"expiry", map[string]edit{"expired": func(r *record) { r.Call, r.Return = time.Second, 3*time.Second }}},
	} {
		t.Run(name, func(t *testing.T) {
			names, h := sound()
			for which, f := range c.edits {
				i := slices.Index(names, which)
				if i < 0 {
					t.Fatalf("no record is called %s", which)
				}
				f(&h[i])
			}
			settle(h)
			bad := verdict(h, nil, none)
			if !slices.ContainsFunc(bad, func(line string) bool { return strings.HasPrefix(line, c.finder+":") }) {
				t.Errorf("%s has found nothing; all that was found:\n%s", c.finder, strings.Join(bad, "\n"))
			}
		})
	}
}

// TestLateWrite is about a write of unknown outcome: it may have its effect at any time,
// but not after its session was taken up again.
func TestLateWrite(t *testing.T) {
	for _, again := range []bool{false, true} {
		names, h := sound()
		h = h[:slices.Index(names, "get c")]
		names = names[:len(h)]
		for _, gone := range []string{"watch", "event", "read c"} {
			h[slices.Index(names, gone)] = record{Kind: "nothing", Client: 2}
		}
		if !again {
			h[slices.Index(names, "reconnect")] = record{Kind: "nothing", Client: 1}
		}
		for at, value := range []string{"b", "c"} {
			h = append(h, record{Client: 2, Session: 2, Kind: read, Path: "/h/k0", Value: value, Version: int32(1 + at), Zxid: int64(6 + at), Mzxid: int64(2 + 5*at),
				Outcome: done, Call: time.Duration(30+2*at) * time.Millisecond, Return: time.Duration(31+2*at) * time.Millisecond})
		}
		settle(h)
		if bad := verdict(h, nil, none); again != (len(bad) > 0) {
			t.Errorf("session taken up again %v, found: %q", again, bad)
		}
	}
}

// TestExcusedExpiry: where a fault may have kept a server from passing on what it heard,
// a session may end early.
func TestExcusedExpiry(t *testing.T) {
	names, h := sound()
	h[slices.Index(names, "expired")].Return = 3 * time.Second
	if bad := checkExpiry(h, []span{{0, time.Second}}); len(bad) > 0 {
		t.Error(bad)
	}
}
