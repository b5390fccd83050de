package localcluster

import (
	"errors"
	"strings"
)

// fault is an error on its way between processes: its kind survives, so that the
// caller of Up can test for it as if the supervisor were a function.
type fault struct {
	Kind string   `json:"kind"`
	Text string   `json:"text"`
	Node int      `json:"node,omitempty"`
	Log  []string `json:"log,omitempty"`
	File string   `json:"file,omitempty"`
}

// kinds are the sentinels that travel by name.
var kinds = map[string]error{
	"cluster": ErrNoCluster, "running": ErrNotRunning, "spec": ErrBadSpec, "here": ErrNotHere, "node": ErrNoNode, "held": errHeld, "port": ErrPortInUse, "engine": ErrNotForEngine,
}

func faultOf(err error) *fault {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*StartError](err); ok {
		return &fault{Kind: "start", Text: e.Reason, Node: e.Node, Log: e.Log}
	}
	if e, ok := errors.AsType[*StateError](err); ok {
		return &fault{Kind: "state", Text: e.Err.Error(), File: e.File}
	}
	for kind, sentinel := range kinds {
		if errors.Is(err, sentinel) {
			return &fault{Kind: kind, Text: err.Error()}
		}
	}
	return &fault{Text: err.Error()}
}

// err is the error that the fault was made of.
func (f *fault) err() error {
	if f == nil {
		return nil
	}
	switch f.Kind {
	case "start":
		return &StartError{f.Node, f.Text, f.Log}
	case "state":
		return &StateError{f.File, errors.New(f.Text)}
	}
	if sentinel, ok := kinds[f.Kind]; ok {
		return &worded{f.Text, sentinel}
	}
	return errors.New(f.Text)
}

// worded is an error with words of its own around a sentinel.
type worded struct {
	text string
	err  error
}

func (w *worded) Error() string { return strings.TrimSpace(w.text) }
func (w *worded) Unwrap() error { return w.err }
