package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"
)

// transcript is where it is written what came of an operation.
type transcript struct{ out io.Writer }

func (t transcript) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// result writes down an operation that gives nothing but an error.
func (t transcript) result(label string, err error) {
	if err != nil {
		t.say("%s: failed: %v", label, err)
		return
	}
	t.say("%s: ok", label)
}

func showStat(s *zk.Stat) string {
	if s == nil {
		return "no stat"
	}
	changed := "never"
	switch {
	case s.Mtime < s.Ctime, s.Version == 0 && s.Mtime != s.Ctime:
		changed = "WRONG"
	case s.Version > 0:
		changed = "later" // maybe in the same millisecond
	}
	return fmt.Sprintf("czxid=%#x mzxid=%#x pzxid=%#x version=%d cversion=%d aversion=%d length=%d children=%d ephemeral=%t changed=%s",
		s.Czxid, s.Mzxid, s.Pzxid, s.Version, s.Cversion, s.Aversion, s.DataLength, s.NumChildren, s.EphemeralOwner != 0, changed)
}

func showEvent(e zk.Event) string { return fmt.Sprintf("%v %s %v", e.Type, e.Path, e.Err) }

func (p *peer) create(label, path, data string, flags int32) {
	name, err := p.Create(path, []byte(data), flags, anyone)
	if err == nil {
		label += " " + name
	}
	p.result(label, err)
}

func (p *peer) get(label, path string) {
	data, st, err := p.Get(path)
	if err == nil {
		label += fmt.Sprintf(" %q null=%t %s mine=%t", data, data == nil, showStat(st), st.EphemeralOwner == p.SessionID())
	}
	p.result(label, err)
}

func (p *peer) exists(label, path string) {
	there, st, err := p.Exists(path)
	if there {
		label += " " + showStat(st)
	}
	p.result(fmt.Sprintf("%s %t", label, there), err)
}

// children sorts the names: the protocol gives them in no order. What earlier programs
// did to the root and to /zookeeper is no matter of this one, nor are their stats.
func (p *peer) children(label, path string) {
	names, st, err := p.Children(path)
	if err == nil {
		slices.Sort(names)
		label += " [" + strings.Join(names, " ") + "]"
		if path != "/" && path != "/zookeeper" {
			label += " " + showStat(st)
		}
	}
	p.result(label, err)
}

func (p *peer) set(label, path, data string, version int32) {
	st, err := p.Set(path, []byte(data), version)
	if err == nil {
		label += " " + showStat(st)
	}
	p.result(label, err)
}
