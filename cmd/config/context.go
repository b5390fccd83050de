package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

const contextFile = "config.yaml"

// ErrNoContext is the error of a name that no context has.
var ErrNoContext = errors.New("no such context")

// Context is a named connection. A field that is not set leaves the matter to
// the flags and their defaults.
type Context struct {
	Servers        []string `yaml:"servers,flow" json:"servers"`                                // host:port
	Chroot         string   `yaml:"chroot,omitempty" json:"chroot,omitempty"`                   // an absolute path
	SessionTimeout Duration `yaml:"session_timeout,omitempty" json:"session_timeout,omitempty"` // asked of the server
	ConnectTimeout Duration `yaml:"connect_timeout,omitempty" json:"connect_timeout,omitempty"` // until connected
	Auth           []string `yaml:"auth,omitempty" json:"auth,omitempty"`                       // SCHEME:@FILE or SCHEME:env:VAR, never a secret
	ReadOnly       bool     `yaml:"read_only,omitempty" json:"read_only,omitempty"`             // commands that write are refused
	Protected      bool     `yaml:"protected,omitempty" json:"protected,omitempty"`             // commands that write need a yes
}

// document is config.yaml.
type document struct {
	Contexts map[string]Context `yaml:"contexts"`
}

// Contexts reads the contexts, by name. Without a file there are none. A
// field that is not known is an error, because it is a field misspelled.
func (d Dirs) Contexts() (map[string]Context, error) {
	text, err := read(d.Config, contextFile)
	if err != nil {
		return nil, err
	}
	var doc document
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, &FileError{filepath.Join(d.Config, contextFile), oneLine(err)}
	}
	for name, c := range doc.Contexts {
		if len(c.Servers) == 0 {
			return nil, &FileError{filepath.Join(d.Config, contextFile), fmt.Errorf("context %q has no servers", name)}
		}
	}
	return doc.Contexts, nil
}

// oneLine makes the first of the library's complaints a line.
func oneLine(err error) error {
	if many, ok := errors.AsType[*yaml.TypeError](err); ok && len(many.Errors) > 0 {
		return errors.New(many.Errors[0])
	}
	line, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
	return errors.New(string(bytes.TrimPrefix(line, []byte("yaml: "))))
}

// Context returns the context of that name, or ErrNoContext.
func (d Dirs) Context(name string) (Context, error) {
	all, err := d.Contexts()
	if err != nil {
		return Context{}, err
	}
	c, ok := all[name]
	if !ok {
		return Context{}, ErrNoContext
	}
	return c, nil
}

// ContextNames returns the names of the contexts in order.
func (d Dirs) ContextNames() ([]string, error) {
	all, err := d.Contexts()
	return slices.Sorted(maps.Keys(all)), err
}

// AddContext makes or replaces a context. Comments in the file are lost.
func (d Dirs) AddContext(name string, c Context) error {
	return d.edit(func(all map[string]Context) error {
		all[name] = c
		return nil
	})
}

// RemoveContext removes a context, or returns ErrNoContext.
func (d Dirs) RemoveContext(name string) error {
	return d.edit(func(all map[string]Context) error {
		if _, ok := all[name]; !ok {
			return ErrNoContext
		}
		delete(all, name)
		return nil
	})
}

func (d Dirs) edit(change func(map[string]Context) error) error {
	all, err := d.Contexts()
	if err != nil {
		return err
	}
	if all == nil {
		all = map[string]Context{}
	}
	if err := change(all); err != nil {
		return err
	}
	text, err := yaml.Marshal(document{all})
	if err != nil {
		return err
	}
	return write(d.Config, contextFile, text)
}

// Duration is a duration as ParseDuration reads it.
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText writes a duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }
