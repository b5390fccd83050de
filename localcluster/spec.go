package localcluster

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

// DefaultName is the cluster meant where none is named.
const DefaultName = "dev"

// maxSize bounds the number of servers.
const maxSize = 9

// Spec says what cluster is wanted.
type Spec struct {
	Name   string // "" is DefaultName
	Size   int    // servers; 0 is 3, or what the cluster has if it exists
	Engine string // "embedded" or "apache"; "" is embedded, or what the cluster has
	Dist   string // apache: the folder of the distribution; "" looks for one
	Ports  []int  // of the clients, one for each server; nil is 2181 and up if free, else any
}

// Status is a cluster as it is.
type Status struct {
	Name    string        `json:"name" yaml:"name"`
	Engine  string        `json:"engine" yaml:"engine"`
	Up      bool          `json:"up" yaml:"up"`
	Servers []string      `json:"servers" yaml:"servers"` // host:port, all of them
	Nodes   []NodeStatus  `json:"nodes" yaml:"nodes"`
	ReadyIn time.Duration `json:"ready_in,omitempty" yaml:"ready_in,omitempty"` // from start to ready; only from Up
	Dir     string        `json:"dir" yaml:"dir"`
	Problem string        `json:"problem,omitempty" yaml:"problem,omitempty"` // why nothing else is known; only from List

	missing bool // there is a directory, but no cluster in it
}

// NodeStatus is one server as it is.
type NodeStatus struct {
	ID      int    `json:"id" yaml:"id"`
	Address string `json:"address" yaml:"address"`
	PID     int    `json:"pid,omitempty" yaml:"pid,omitempty"`
	State   string `json:"state" yaml:"state"` // leader, follower, standalone, waiting (for a quorum), paused, unreachable, stopped, killed, dead (by itself)
	Version string `json:"version,omitempty" yaml:"version,omitempty"`
	Zxid    string `json:"zxid,omitempty" yaml:"zxid,omitempty"`
	CutTo   []int  `json:"cut_to,omitempty" yaml:"cut_to,omitempty"`     // servers that hear nothing of it
	CutFrom []int  `json:"cut_from,omitempty" yaml:"cut_from,omitempty"` // servers of which it hears nothing
}

// Faults says which links of the server are cut, in a few words, or nothing.
func (n NodeStatus) Faults() string { return cutLinks{n.CutTo, n.CutFrom}.String() }

// The ways in which a cluster cannot be had.
var (
	ErrNoCluster    = errors.New("no such cluster")
	ErrNotRunning   = errors.New("cluster is not running")
	ErrBadSpec      = errors.New("not possible")
	ErrNotHere      = errors.New("not available on this machine")
	ErrNoNode       = errors.New("no such server")
	ErrPortInUse    = errors.New("port is in use")
	ErrNotForEngine = errors.New("not possible with this engine")
)

// StartError says which server did not start, and the last it said.
type StartError struct {
	Node   int
	Reason string
	Log    []string // the end of its log
}

// Error returns what [StartError.Summary] does, and the log.
func (e *StartError) Error() string {
	if len(e.Log) == 0 {
		return e.Summary()
	}
	return e.Summary() + "; its log ends with:\n  " + strings.Join(e.Log, "\n  ")
}

// Summary says in one line what happened.
func (e *StartError) Summary() string {
	return fmt.Sprintf("server %d did not start: %s", e.Node, e.Reason)
}

// StateError says that a cluster's state on disk cannot be used.
type StateError struct {
	File string
	Err  error
}

func (e *StateError) Error() string { return fmt.Sprintf("state file %s: %v", e.File, e.Err) }

// Unwrap returns the reason.
func (e *StateError) Unwrap() error { return e.Err }

// goodName is made when it is needed: most commands have no use for it.
var goodName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$`) })

func checkName(name string) error {
	if !goodName().MatchString(name) {
		return fmt.Errorf("%w: cluster name %q: want letters, digits, dots, dashes and underscores, 41 at most", ErrBadSpec, name)
	}
	return nil
}

// complete fills in what a Spec leaves open.
func (s *Spec) complete() error {
	if s.Name == "" {
		s.Name = DefaultName
	}
	if s.Size == 0 {
		s.Size = 3
	}
	if s.Engine == "" {
		s.Engine = "embedded"
	}
	if err := checkName(s.Name); err != nil {
		return err
	}
	if s.Size < 1 || s.Size > maxSize {
		return fmt.Errorf("%w: %d servers: want 1 to %d", ErrBadSpec, s.Size, maxSize)
	}
	if s.Ports != nil && len(s.Ports) != s.Size {
		return fmt.Errorf("%w: %d ports for %d servers", ErrBadSpec, len(s.Ports), s.Size)
	}
	_, err := engineOf(s.Engine)
	return err
}
