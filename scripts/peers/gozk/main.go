// Command gozk does with the Go client go-zookeeper what a program does with
// ZooKeeper, and prints what came of it, one line for each operation.
//
//	gozk HOST:PORT,HOST:PORT,HOST:PORT
//
// What differs between two runs on equal ensembles is not printed (times, session ids,
// addresses), but for zxids: who compares two outputs replaces them by their order.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// patience bounds every wait. It measures nothing.
const patience = time.Minute

// anyone is the ACL that lets everybody do everything.
var anyone = zk.WorldACL(zk.PermAll)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gozk HOST:PORT,...")
		os.Exit(64)
	}
	if err := run(os.Stdout, strings.Split(os.Args[1], ",")); err != nil {
		fmt.Fprintln(os.Stderr, "gozk:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, servers []string) error {
	a, err := connect(servers)
	if err != nil {
		return err
	}
	defer a.Close()
	p := &peer{Conn: a, servers: servers, transcript: transcript{out: out}}
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"creating", p.creating}, {"reading", p.reading}, {"writing", p.writing}, {"deleting", p.deleting},
		{"multi", p.multi}, {"watching", p.watching}, {"protected", p.protected}, {"locks", p.locks}, {"words", p.words},
	} {
		p.say("# " + part.name)
		if err := part.do(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	p.children("what is left", "/")
	return nil
}

// connect returns when there is a session.
func connect(servers []string) (*zk.Conn, error) {
	c, events, err := zk.Connect(servers, 10*time.Second, zk.WithLogInfo(false), zk.WithLogger(quiet{}))
	if err != nil {
		return nil, err
	}
	deadline := time.After(patience)
	for {
		select {
		case e := <-events:
			if e.State == zk.StateHasSession {
				return c, nil
			}
		case <-deadline:
			c.Close()
			return nil, errors.New("no session")
		}
	}
}

// quiet drops the library's log.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// peer is one run: a session, and the servers for further ones.
type peer struct {
	*zk.Conn
	transcript
	servers []string
	fences  int
}

func (p *peer) creating() error {
	p.create("create", "/g", "one", 0)
	p.create("create it again", "/g", "two", 0)
	p.create("create without parent", "/g/no/x", "", 0)
	p.create("create a child", "/g/c", "", 0)
	p.create("create ephemeral", "/g/e", "", zk.FlagEphemeral)
	p.create("create under an ephemeral", "/g/e/x", "", 0)
	for range 3 {
		p.create("create sequential", "/g/s-", "", zk.FlagSequence)
	}
	p.result("delete one", p.Delete("/g/s-0000000003", 0))
	p.create("create ephemeral sequential", "/g/es-", "", zk.FlagEphemeral|zk.FlagSequence)
	p.create("create with a name in Greek", "/g/αβγ 1", "λόγος", 0)
	p.create("create with an empty name", "/g//x", "", 0)
	p.create("create with a slash at its end", "/g/x/", "", 0)
	p.create("create with a dot", "/g/./x", "", 0)
	p.create("create with no slash", "g", "", 0)
	p.create("create with a control byte", "/g/\x01", "", 0)
	p.create("create /", "/", "", 0)
	for _, acl := range [][]zk.ACL{nil, {{Perms: zk.PermAll, Scheme: "nope", ID: "x"}}, zk.AuthACL(zk.PermAll)} {
		_, err := p.Create("/g/acl", nil, 0, acl)
		p.result(fmt.Sprintf("create with ACL %v", acl), err)
	}
	return nil
}

func (p *peer) reading() error {
	p.get("get", "/g")
	p.get("get an ephemeral", "/g/e")
	p.get("get the name in Greek", "/g/αβγ 1")
	p.get("get what is not there", "/g/no")
	p.exists("exists", "/g/c")
	p.exists("exists what is not there", "/g/no")
	p.children("children", "/g")
	p.children("children of none", "/g/c")
	p.children("children of what is not there", "/g/no")
	p.children("children of /zookeeper", "/zookeeper")
	return nil
}

func (p *peer) writing() error {
	p.set("set", "/g", "two", -1)
	p.set("set of version 1", "/g", "three", 1)
	p.set("set of version 1", "/g", "four", 1)
	p.set("set what is not there", "/g/no", "", -1)
	p.get("get", "/g")
	p.set("set a child", "/g/c", "x", 0)
	p.exists("its parent", "/g")
	_, err := p.Set("/g/c", nil, -1)
	p.result("set to null", err)
	p.get("get null", "/g/c")
	big := bytes.Repeat([]byte("x"), 1_000_000)
	_, err = p.Set("/g/c", big, -1)
	p.result("set a million bytes", err)
	got, _, err := p.Get("/g/c")
	p.result(fmt.Sprint("get a million bytes: ", bytes.Equal(got, big)), err)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { _, _ = p.Set("/g/e", []byte("y"), -1) }) // what came of them is seen next
	}
	all.Wait()
	p.exists("fifty sets at once", "/g/e")
	path, err := p.Sync("/g")
	p.result("sync "+path, err)
	path, err = p.Sync("/none")
	p.result("sync "+path, err)
	return nil
}

func (p *peer) deleting() error {
	p.result("delete what has children", p.Delete("/g", -1))
	p.result("delete of version 9", p.Delete("/g/e", 9))
	p.result("delete what is not there", p.Delete("/g/no", -1))
	p.result("delete /", p.Delete("/", -1))
	p.result("delete /zookeeper", p.Delete("/zookeeper", -1))
	p.result("delete /zookeeper/config", p.Delete("/zookeeper/config", -1))
	return p.deleteAll("/g")
}

// deleteAll deletes a znode and its children.
func (p *peer) deleteAll(path string) error {
	names, _, err := p.Children(path)
	for _, name := range names {
		err = errors.Join(err, p.Delete(path+"/"+name, -1))
	}
	return errors.Join(err, p.Delete(path, -1))
}

func (p *peer) multi() error {
	create := func(path string, flags int32) *zk.CreateRequest {
		return &zk.CreateRequest{Path: path, Data: []byte("m"), Acl: anyone, Flags: flags}
	}
	set := func(path string, version int32) *zk.SetDataRequest {
		return &zk.SetDataRequest{Path: path, Data: []byte("n"), Version: version}
	}
	check := func(path string, version int32) *zk.CheckVersionRequest {
		return &zk.CheckVersionRequest{Path: path, Version: version}
	}
	remove := func(path string, version int32) *zk.DeleteRequest {
		return &zk.DeleteRequest{Path: path, Version: version}
	}
	for _, m := range []struct {
		label string
		ops   []any
	}{
		{"one of each", []any{create("/m", 0), create("/m/a", 0), create("/m/b", 0), check("/m/a", 0), set("/m/a", 0), remove("/m/b", 0)}},
		{"sequential", []any{create("/m/s-", zk.FlagSequence), create("/m/s-", zk.FlagSequence|zk.FlagEphemeral)}},
		{"a create that fails", []any{set("/m/a", 1), create("/m/a", 0), remove("/m/a", -1)}},
		{"a check that fails", []any{create("/m/c", 0), check("/m/a", 7)}},
		{"a set that fails", []any{set("/m/a", 7), create("/m/c", 0)}},
		{"a delete that fails", []any{create("/m/c", 0), remove("/m/none", -1), remove("/m/c", -1)}},
		{"a delete of what has children", []any{remove("/m/a", -1), remove("/m", -1)}},
		{"nothing", nil},
	} {
		res, err := p.Multi(m.ops...)
		var parts []string
		for _, r := range res {
			parts = append(parts, fmt.Sprintf("{%q %s %v}", r.String, showStat(r.Stat), r.Error))
		}
		p.result(m.label+" ["+strings.Join(parts, ", ")+"]", err)
	}
	p.get("after all", "/m/a")
	p.children("children", "/m")
	return p.deleteAll("/m")
}

// words asks what go-zookeeper asks without a session.
func (p *peer) words() error {
	p.say("ruok: %v", zk.FLWRuok(p.servers, patience))
	return nil
}
