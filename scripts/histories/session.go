package histories

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// checkSessions finds replies that are older than an earlier one of their session,
// whatever connections and servers they came by.
func checkSessions(h []record) []string {
	var bad []string
	for _, mine := range byClient(h) {
		last := map[int64]*record{}
		for _, r := range mine {
			if r.Zxid == 0 || r.Outcome == unknown {
				continue
			}
			if l := last[r.Session]; l != nil && r.Zxid < l.Zxid {
				bad = append(bad, fmt.Sprintf("session: %v is older than %v", r, l))
			}
			last[r.Session] = r
		}
	}
	return bad
}

// checkWatches finds replies that show the change of a watched znode before its event
// has come.
func checkWatches(h []record) []string {
	var bad []string
	for _, mine := range byClient(h) {
		armed := map[string]*record{}
		for _, r := range mine {
			w := armed[r.Path]
			switch {
			case r.Kind == expired || r.Kind == closed:
				clear(armed)
			case r.Kind == event:
				delete(armed, r.Path)
			case w != nil && w.Session != r.Session:
				delete(armed, r.Path) // it went with its session
			case w != nil && changes(r, w):
				bad = append(bad, fmt.Sprintf("watch: %v came before the event that %v waits for", r, w))
				delete(armed, r.Path)
			}
			if r.Kind == get && r.Watch && r.Outcome == done {
				armed[r.Path] = r
			}
		}
	}
	return bad
}

// changes tells whether r shows that the znode is another than the one that w read.
func changes(r, w *record) bool {
	if r.found() {
		return r.Code == wire.CodeNoNode || r.Mzxid > w.Mzxid
	}
	return acknowledged(r) && (r.Kind == set || r.Kind == create || r.Kind == remove)
}

// checkSequence finds names of sequential znodes that were given twice, or do not grow
// with real time, or are missing at the end.
func checkSequence(h []record) []string {
	var bad []string
	named := byCall(h, func(r *record) bool { return r.Kind == next && r.Outcome == done })
	number := func(r *record) int {
		n, err := strconv.Atoi(r.Value[max(len(r.Value)-10, 0):])
		if err != nil {
			bad = append(bad, fmt.Sprintf("sequence: %v has no number", r))
		}
		return n
	}
	by := map[int]*record{}
	for _, r := range named {
		if other := by[number(r)]; other != nil {
			bad = append(bad, fmt.Sprintf("sequence: %v has the name of %v", r, other))
		}
		by[number(r)] = r
	}
	floors(named, named, func(r, floor *record) {
		if floor.Zxid != 0 && number(r) <= number(floor) {
			bad = append(bad, fmt.Sprintf("sequence: %v comes after %v", r, floor))
		}
	})
	for i := range h {
		if h[i].Kind != list || !strings.HasSuffix(h[i].Path, sequence) || h[i].Outcome != done {
			continue
		}
		there := map[string]bool{}
		for _, name := range h[i].Names {
			there[name] = true
		}
		for _, r := range named {
			if r.Return < h[i].Call && !there[path.Base(r.Value)] {
				bad = append(bad, fmt.Sprintf("sequence: %s is not in %v", r.Value, &h[i]))
			}
		}
	}
	return bad
}

// life is what is known of a session. It was there from born to seen, and not from gone
// on.
type life struct {
	seen, gone time.Duration
}

// lives returns that of every session. A read proves nothing: a server that lags has
// sessions that are gone. Writes and new connections do, since they are in the log.
func lives(h []record) map[int64]life {
	all := map[int64]life{}
	for i := range h {
		r := &h[i]
		l, ok := all[r.Session]
		if !ok {
			l.gone = never
		}
		switch {
		case r.Kind == expired || r.Kind == closed && r.Outcome == done:
			l.gone = min(l.gone, r.Return)
		case r.Kind == connect || acknowledged(r):
			l.seen = max(l.seen, r.Call)
		}
		all[r.Session] = l
	}
	return all
}

// checkEphemerals finds ephemeral znodes that were missing while their session was alive,
// or there after it had ended.
func checkEphemerals(h []record) []string {
	var bad []string
	held := byCall(h, func(r *record) bool { return r.Kind == hold })
	sessions := lives(h)
	for i := range h {
		l := &h[i]
		if l.Kind != list || l.Outcome != done {
			continue
		}
		there := map[string]bool{}
		for _, name := range l.Names {
			there[l.Path+"/"+name] = true
		}
		for _, r := range held {
			if path.Dir(r.Path) != l.Path {
				continue
			}
			s := sessions[r.Session]
			switch {
			case r.Outcome == done && r.Return < l.Call && l.Return < s.seen && !there[r.Path]:
				bad = append(bad, fmt.Sprintf("ephemeral: %v, of a session that was alive until %v, is missing in %v", r, s.seen, l))
			case s.gone < l.Call && there[r.Path]:
				bad = append(bad, fmt.Sprintf("ephemeral: %v, of a session that was gone at %v, is in %v", r, s.gone, l))
			}
		}
	}
	return bad
}

// span is a time in which something was going on.
type span struct{ from, to time.Duration }

// settled is how long a server may take to pass on that it has heard from a session.
const settled = time.Second

// checkExpiry finds sessions that ended before their time: earlier than their timeout
// after the server heard of them, where no fault kept it from passing that on.
func checkExpiry(h []record, faults []span) []string {
	var bad []string
	calm := func(from, to time.Duration) bool {
		for _, f := range faults {
			if f.from <= to && from <= f.to {
				return false
			}
		}
		return true
	}
	for _, mine := range byClient(h) {
		heard := map[int64]*record{}
		for _, r := range mine {
			switch {
			case r.Kind == expired:
				if l := heard[r.Session]; l != nil && r.Return < l.Call+r.Timeout {
					bad = append(bad, fmt.Sprintf("expiry: %v, though its timeout is %v and it was heard of by %v", r, r.Timeout, l))
				}
			case r.Outcome != unknown && r.Kind != event && calm(r.Call, r.Return+settled):
				heard[r.Session] = r
			}
		}
	}
	return bad
}
