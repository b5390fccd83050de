package cmd

import (
	"context"
	"strings"
	"time"

	"github.com/zooctl/zooctl/cmd/config"
	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
)

// choice names an ensemble in one of three ways.
type choice struct{ Servers, Cluster, Context string }

func (c choice) count() int {
	n := 0
	for _, s := range []string{c.Servers, c.Cluster, c.Context} {
		if s != "" {
			n++
		}
	}
	return n
}

// target is the ensemble that a line works on, and how.
type target struct {
	servers             []string
	chroot              string
	name                string // "cluster dev", "context prod"; else the servers
	readOnly, protected bool
	connect, session    time.Duration // 0: nothing is asked for
	auth                []string
}

// String is the target as --servers takes it.
func (t *target) String() string { return strings.Join(t.servers, ",") + t.chroot }

// target finds the ensemble of the line. The first of these that is there
// holds: a flag of the line; what a shell was started on or was last told to
// use; ZOOCTL_SERVERS, ZOOCTL_CLUSTER, ZOOCTL_CONTEXT; what 'use' or
// 'cluster up' chose; the usual port of this machine.
func (a *App) target(ctx context.Context) (*target, error) {
	if a.line.target == nil {
		c, err := a.chosen()
		if err != nil {
			return nil, err
		}
		t, err := a.find(ctx, c)
		if err != nil {
			return nil, err
		}
		a.apply(t)
		a.line.target = t
	}
	return a.line.target, nil
}

func (a *App) chosen() (choice, error) {
	if a.line.given.count() > 0 {
		return a.line.given, nil
	}
	if a.session.chosen.count() > 0 {
		return a.session.chosen, nil
	}
	env := a.session.getenv
	for _, c := range []choice{
		{Servers: env("ZOOCTL_SERVERS")}, {Cluster: env("ZOOCTL_CLUSTER")}, {Context: env("ZOOCTL_CONTEXT")},
	} {
		if c.count() > 0 {
			return c, nil
		}
	}
	current, err := a.dirs().Current()
	if err != nil {
		return choice{}, err
	}
	if !current.IsZero() {
		return choice{Cluster: current.Cluster, Context: current.Context}, nil
	}
	return choice{Servers: "127.0.0.1:2181"}, nil
}

// find turns a choice into the ensemble that it names.
func (a *App) find(ctx context.Context, c choice) (*target, error) {
	switch {
	case c.Servers != "":
		servers, chroot, err := ops.ParseServers(c.Servers)
		if err != nil {
			return nil, &failure{op: "--servers", path: c.Servers, err: &usageError{reason: err.Error()}}
		}
		return &target{servers: servers, chroot: chroot, name: c.Servers}, nil
	case c.Cluster != "":
		return findCluster(ctx, c.Cluster)
	}
	found, err := a.dirs().Context(c.Context)
	if err != nil {
		return nil, &failure{op: "context", path: c.Context, err: err}
	}
	return contextTarget(c.Context, found)
}

func findCluster(ctx context.Context, name string) (*target, error) {
	cluster, err := localcluster.Open(name)
	if err != nil {
		return nil, &failure{op: "cluster", path: name, err: err}
	}
	status, err := cluster.Status(ctx)
	if err != nil {
		return nil, &failure{op: "cluster", path: name, err: err}
	}
	if !status.Up {
		return nil, &failure{op: "cluster", path: name, err: localcluster.ErrNotRunning, hint: "'zooctl cluster up " + name + "' starts it"}
	}
	return &target{servers: status.Servers, name: "cluster " + name}, nil
}

func contextTarget(name string, c config.Context) (*target, error) {
	servers, chroot, err := ops.ParseServers(strings.Join(c.Servers, ",") + c.Chroot)
	if err != nil {
		return nil, &failure{op: "context", path: name, err: &usageError{reason: err.Error()}}
	}
	return &target{
		servers: servers, chroot: chroot, name: "context " + name,
		readOnly: c.ReadOnly, protected: c.Protected, auth: c.Auth,
		connect: time.Duration(c.ConnectTimeout), session: time.Duration(c.SessionTimeout),
	}, nil
}

// apply lets flags and the environment overrule what a context says.
func (a *App) apply(t *target) {
	if a.set["connect-timeout"] || t.connect == 0 {
		t.connect = time.Duration(a.connectTimeout)
	}
	if a.set["session-timeout"] || t.session == 0 {
		t.session = time.Duration(a.sessionTimeout)
	}
	if len(a.auth) > 0 {
		t.auth = a.auth
	}
	t.readOnly = t.readOnly || a.readOnly
}
