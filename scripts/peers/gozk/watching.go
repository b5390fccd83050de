package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// watches are those that were set, by name, in the order of their names.
type watches map[string]<-chan zk.Event

// fired writes down which watches have fired by changes until now. Events come in the
// order of changes, and before the reply to a later one: so a write of this session,
// once answered, is behind them all.
func (p *peer) fired(label string, w watches) error {
	p.fences++
	fence := fmt.Sprintf("/fence-%d", p.fences)
	_, _, passed, err := p.ExistsW(fence)
	if err != nil {
		return err
	}
	if _, err := p.Create(fence, nil, zk.FlagEphemeral, anyone); err != nil {
		return err
	}
	select {
	case <-passed:
	case <-time.After(patience):
		return errors.New("an event never came")
	}
	var all []string
	for name, c := range w {
		select {
		case e := <-c:
			all = append(all, name+": "+showEvent(e))
			delete(w, name)
		default:
		}
	}
	slices.Sort(all)
	p.say("%s: [%s]", label, strings.Join(all, ", "))
	return p.Delete(fence, -1)
}

// watch sets one watch of each kind on path, as far as the server lets it.
func (p *peer) watch(w watches, path string) {
	_, _, c, err := p.GetW(path)
	w.note("data of "+path, c, err)
	_, _, c, err = p.ExistsW(path)
	w.note("existence of "+path, c, err)
	_, _, c, err = p.ChildrenW(path)
	w.note("children of "+path, c, err)
}

func (w watches) note(name string, c <-chan zk.Event, err error) {
	if err == nil {
		w[name] = c
	}
}

func (p *peer) watching() error {
	b, err := connect(p.servers)
	if err != nil {
		return err
	}
	end := sync.OnceFunc(b.Close)
	defer end()
	w := watches{}
	steps := []struct {
		label, watch string
		do           func() error
	}{
		{"before creation", "/w", func() error { return nil }},
		{"creation", "", func() error { return made(p.Create("/w", nil, 0, anyone)) }},
		{"creation of a child", "/w", func() error { return made(p.Create("/w/c", nil, 0, anyone)) }},
		{"change", "", func() error { return changed(p.Set("/w", nil, -1)) }},
		{"a second change", "", func() error { return changed(p.Set("/w", nil, -1)) }},
		{"change of a child", "/w", func() error { return changed(p.Set("/w/c", nil, -1)) }},
		{"change by another", "", func() error { return changed(b.Set("/w", nil, -1)) }},
		{"deletion of a child", "/w/c", func() error { return p.Delete("/w/c", -1) }},
		{"an ephemeral of another", "/w/e", func() error { return made(b.Create("/w/e", nil, zk.FlagEphemeral, anyone)) }},
		{"the end of its session", "/w/e", func() error { end(); return nil }},
		{"deletion", "/w", func() error { return p.Delete("/w", -1) }},
	}
	for _, s := range steps {
		if s.watch != "" {
			p.watch(w, s.watch)
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.label, err)
		}
		if err := p.fired(s.label, w); err != nil {
			return fmt.Errorf("%s: %w", s.label, err)
		}
	}
	p.say("never fired: %d", len(w))
	return nil
}

func made(_ string, err error) error { return err }

func changed(_ *zk.Stat, err error) error { return err }

var guid = regexp.MustCompile("[0-9a-f]{32}")

func (p *peer) protected() error {
	if _, err := p.Create("/p", nil, 0, anyone); err != nil {
		return err
	}
	for range 2 {
		name, err := p.CreateProtectedEphemeralSequential("/p/x-", []byte("v"), anyone)
		p.result("protected "+guid.ReplaceAllString(name, "GUID"), err)
	}
	_, err := p.CreateProtectedEphemeralSequential("/none/x-", nil, anyone)
	p.result("protected without parent", err)
	return p.deleteAll("/p")
}

// locks lets two sessions take go-zookeeper's lock in turn.
func (p *peer) locks() error {
	b, err := connect(p.servers)
	if err != nil {
		return err
	}
	defer b.Close()
	first, second := zk.NewLock(p.Conn, "/lock/of/two", anyone), zk.NewLock(b, "/lock/of/two", anyone)
	p.result("first", first.Lock())
	p.result("first again", first.Lock())
	got := make(chan error, 1)
	go func() { got <- second.LockWithData([]byte("second")) }() // ends with the lock or the session
	for n, end := 0, time.Now().Add(patience); n < 2; {
		names, _, err := p.Children("/lock/of/two")
		if err != nil || time.Now().After(end) {
			return errors.Join(err, errors.New("the second never queued"))
		}
		n = len(names)
	}
	select {
	case err := <-got:
		p.result("second did not wait", err)
	default:
		p.say("second waits")
	}
	p.result("first unlocks", first.Unlock())
	select {
	case err := <-got:
		p.result("second", err)
	case <-time.After(patience):
		return errors.New("the second never got the lock")
	}
	p.result("first unlocks again", first.Unlock())
	p.result("second unlocks", second.Unlock())
	if _, err := p.Sync("/lock"); err != nil {
		return err
	}
	p.children("left of it", "/lock/of/two")
	return errors.Join(p.Delete("/lock/of/two", -1), p.Delete("/lock/of", -1), p.Delete("/lock", -1))
}
