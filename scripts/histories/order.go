package histories

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// acknowledged tells whether the record is of a write that was done.
func acknowledged(r *record) bool { return r.writes() && r.Outcome == done }

// floors calls f for each of the records rs, in order of their call, with the highest
// zxid of those writes that had been acknowledged before.
func floors(writes, rs []*record, f func(r, floor *record)) {
	acked := slices.Clone(writes)
	slices.SortStableFunc(acked, func(a, b *record) int { return cmp.Compare(a.Return, b.Return) })
	floor := new(record)
	for _, r := range rs {
		for len(acked) > 0 && acked[0].Return < r.Call {
			if acked[0].Zxid > floor.Zxid {
				floor = acked[0]
			}
			acked = acked[1:]
		}
		f(r, floor)
	}
}

// checkOrder finds writes, and reads behind a sync, whose zxids are not in the order of
// real time; and connections on which something is older than what was acknowledged
// before they were asked for.
func checkOrder(h []record) []string {
	var bad []string
	ordered := byCall(h, func(r *record) bool {
		return acknowledged(r) || (r.Kind == read || r.Kind == list) && r.Outcome != unknown || r.Kind == connect
	})
	asked := map[*record]*record{} // connections, and what had been acknowledged
	floors(byCall(h, acknowledged), ordered, func(r, floor *record) {
		switch {
		case r.Kind == connect:
			asked[r] = floor
		case acknowledged(r) && r.Zxid <= floor.Zxid, r.Zxid < floor.Zxid:
			bad = append(bad, fmt.Sprintf("order: %v comes after %v was acknowledged", r, floor))
		}
	})
	for _, mine := range byClient(h) {
		var floor *record
		for _, r := range mine {
			switch {
			case r.Kind == connect:
				floor = asked[r]
			case floor != nil && r.Zxid != 0 && r.Outcome != unknown && r.Zxid < floor.Zxid:
				bad = append(bad, fmt.Sprintf("order: %v is on a connection that was asked for after %v was acknowledged", r, floor))
			}
		}
	}
	return bad
}

// String is a record in a line.
func (r *record) String() string {
	return fmt.Sprintf("%s %s by client %d at %v to %v through %s (%s%s value %q version %d, zxid 0x%x mzxid 0x%x)", r.Kind, r.Path, r.Client,
		r.Call.Round(time.Microsecond), r.Return.Round(time.Microsecond), r.Server, r.Outcome, codeText(r.Code), r.Value, r.Version, r.Zxid, r.Mzxid)
}

func codeText(c wire.Code) string {
	if c == wire.CodeOK {
		return ""
	}
	return " " + c.Error()
}

// effect is a write whose zxid is known.
type effect struct {
	zxid   int64
	by     *record
	exists bool // afterwards
}

// effects returns what is known to have become of each znode, by zxid: writes that were
// acknowledged, and those that some client has seen the result of.
func effects(h []record) (known map[string][]effect, bad []string) {
	wrote := map[string]*record{} // by path and value
	known = map[string][]effect{}
	seen := map[string]bool{}
	add := func(r *record, zxid int64) {
		if id := fmt.Sprint(r.Path, zxid); !seen[id] {
			seen[id] = true
			known[r.Path] = append(known[r.Path], effect{zxid, r, r.Kind != remove})
		}
	}
	values := func(r *record) bool { return r.Kind == create || r.Kind == set }
	for i := range h {
		r := &h[i]
		if values(r) {
			wrote[r.Path+"="+r.Value] = r
		}
		if acknowledged(r) && (values(r) || r.Kind == remove) {
			add(r, r.Zxid)
		}
	}
	at := map[string]string{} // the value at a path and mzxid
	for i := range h {
		r := &h[i]
		if !r.found() || r.Code != wire.CodeOK {
			continue
		}
		w, id := wrote[r.Path+"="+r.Value], fmt.Sprintf("%s 0x%x", r.Path, r.Mzxid)
		switch before, ok := at[id]; {
		case w == nil:
			bad = append(bad, fmt.Sprintf("snapshot: %v found what nobody wrote", r))
		case w.Outcome == refused:
			bad = append(bad, fmt.Sprintf("snapshot: %v found what %v wrote, which was refused", r, w))
		case w.Outcome == done && w.Zxid != r.Mzxid:
			bad = append(bad, fmt.Sprintf("snapshot: %v found what %v wrote at another zxid", r, w))
		case ok && before != r.Value:
			bad = append(bad, fmt.Sprintf("snapshot: %v found what others found to be %q", r, before))
		default:
			at[id] = r.Value
			add(w, r.Mzxid)
		}
	}
	for _, es := range known {
		slices.SortFunc(es, func(a, b effect) int { return cmp.Compare(a.zxid, b.zxid) })
	}
	return known, bad
}

// checkSnapshots finds reads that do not show the znode as it was at the zxid of the
// reply.
func checkSnapshots(h []record) []string {
	known, bad := effects(h)
	doubt := map[string]bool{} // znodes with deletes of unknown outcome, which leave no trace
	for i := range h {
		doubt[h[i].Path] = doubt[h[i].Path] || h[i].Kind == remove && h[i].Outcome == unknown
	}
	for i := range h {
		r := &h[i]
		if !r.found() {
			continue
		}
		es := known[r.Path]
		n, exact := slices.BinarySearchFunc(es, r.Zxid, func(e effect, z int64) int { return cmp.Compare(e.zxid, z) })
		if exact {
			n++
		}
		switch {
		case r.Code == wire.CodeOK && r.Mzxid > r.Zxid:
			bad = append(bad, fmt.Sprintf("snapshot: %v shows what comes later", r))
		case r.Code == wire.CodeOK && n > 0 && es[n-1].zxid > r.Mzxid:
			bad = append(bad, fmt.Sprintf("snapshot: %v misses %v", r, es[n-1].by))
		case r.Code == wire.CodeNoNode && n > 0 && es[n-1].exists && !doubt[r.Path]:
			bad = append(bad, fmt.Sprintf("snapshot: %v misses %v", r, es[n-1].by))
		}
	}
	return bad
}

// checkZxids finds writes that were acknowledged with one zxid though no multi holds
// both.
func checkZxids(h []record) []string {
	var bad []string
	by := map[int64]*record{}
	for _, r := range byCall(h, acknowledged) {
		if other := by[r.Zxid]; other != nil && (other.Client != r.Client || other.Call != r.Call) {
			bad = append(bad, fmt.Sprintf("zxids: %v has that of %v", r, other))
		}
		by[r.Zxid] = r
	}
	return bad
}
