package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
)

// goZookeeper does with go-zookeeper/zk whatever it can do of what ops/wire knows.
func goZookeeper(ctx context.Context, p *proxy) error {
	states := make(chan zk.State, 100) // more than there will be
	c, _, err := zk.Connect([]string{p.addr()}, 10*time.Second, zk.WithLogInfo(false), zk.WithEventCallback(func(e zk.Event) { states <- e.State }))
	if err != nil {
		return err
	}
	defer c.Close()
	var failed []error
	want := func(what string, got, wanted error) {
		if !errors.Is(got, wanted) {
			failed = append(failed, fmt.Errorf("%s: %w, want %w", what, got, wanted))
		}
	}
	open := zk.WorldACL(zk.PermAll)
	create := func(path string, flags int32, wanted error) {
		_, err := c.Create(path, []byte("data of "+path), flags, open)
		want("create "+path, err, wanted)
	}
	create("/go", 0, nil)
	create("/go", 0, zk.ErrNodeExists)
	create("/go/e", zk.FlagEphemeral, nil)
	create("/go/e/x", 0, zk.ErrNoChildrenForEphemerals)
	create("/go/s-", zk.FlagSequence, nil)
	create("/go/es-", zk.FlagEphemeral|zk.FlagSequence, nil)
	create("/none/x", 0, zk.ErrNoNode)
	_, err = c.Create("/go/acl", nil, 0, zk.DigestACL(zk.PermRead|zk.PermWrite, "user", "secret"))
	want("create with an ACL", err, nil)
	_, err = c.Create("/go/empty", []byte{}, 0, nil)
	want("create without an ACL", err, zk.ErrInvalidACL)
	_, err = c.Create("/go/ümlaut", make([]byte, 3000), 0, open)
	want("create", err, nil)

	_, _, data, err := c.GetW("/go")
	want("get", err, nil)
	_, _, children, err := c.ChildrenW("/go")
	want("children", err, nil)
	_, _, exists, err := c.ExistsW("/go/later")
	want("exists", err, nil)
	_, err = c.Set("/go", []byte("new"), 0)
	want("set", err, nil)
	_, err = c.Set("/go", nil, 7)
	want("set of another version", err, zk.ErrBadVersion)
	create("/go/later", 0, nil)
	for _, events := range []<-chan zk.Event{data, children, exists} {
		select {
		case <-events:
		case <-ctx.Done():
			return errors.New("an event did not come")
		}
	}
	want("delete of what has children", c.Delete("/go", -1), zk.ErrNotEmpty)
	want("delete of another version", c.Delete("/go/later", 5), zk.ErrBadVersion)
	want("delete", c.Delete("/go/later", 0), nil)
	_, err = c.Sync("/go")
	want("sync", err, nil)
	_, err = c.Multi(&zk.CreateRequest{Path: "/go/m", Acl: open, Data: []byte("m")}, &zk.SetDataRequest{Path: "/go/m", Data: []byte("n"), Version: -1},
		&zk.CheckVersionRequest{Path: "/go/m", Version: 1}, &zk.DeleteRequest{Path: "/go/m", Version: 1})
	want("multi", err, nil)
	_, err = c.Multi(&zk.CreateRequest{Path: "/go/m", Acl: open}, &zk.CheckVersionRequest{Path: "/go/m", Version: 9}, &zk.DeleteRequest{Path: "/go/m"})
	want("failed multi", err, zk.ErrBadVersion)

	_, _, data, err = c.GetW("/go")
	want("get before the cut", err, nil)
	_, _, _, err = c.ChildrenW("/go")
	want("children before the cut", err, nil)
	_, _, _, err = c.ExistsW("/go/never")
	want("exists before the cut", err, nil)
	p.cut()
	for lost, again := false, false; !again; {
		select {
		case state := <-states:
			lost = lost || state == zk.StateDisconnected
			again = lost && state == zk.StateHasSession
		case <-ctx.Done():
			return errors.New("the session was not taken up")
		}
	}
	_, _, err = c.Get("/go/e")
	want("get of the session's own after the cut", err, nil)
	_, err = c.Set("/go", []byte("newer"), -1)
	want("set after the cut", err, nil)
	select {
	case <-data: // the watch was set again
	case <-ctx.Done():
		return errors.New("the event after the cut did not come")
	}
	return errors.Join(failed...)
}
