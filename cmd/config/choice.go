package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

const choiceFile = "current"

// Choice is an ensemble by name: a context or a local cluster, or neither.
type Choice struct {
	Context string
	Cluster string
}

// IsZero says that nothing is chosen.
func (c Choice) IsZero() bool { return c == Choice{} }

// Current returns what Choose was last given. Without a file nothing is
// chosen.
func (d Dirs) Current() (Choice, error) {
	text, err := read(d.State, choiceFile)
	if err != nil || text == nil {
		return Choice{}, err
	}
	kind, name, ok := strings.Cut(strings.TrimSuffix(string(text), "\n"), " ")
	switch {
	case !ok || name == "" || strings.ContainsAny(name, " \n\x00"):
	case kind == "context":
		return Choice{Context: name}, nil
	case kind == "cluster":
		return Choice{Cluster: name}, nil
	}
	return Choice{}, &FileError{filepath.Join(d.State, choiceFile), errors.New(`want one line, "context NAME" or "cluster NAME"; remove the file to choose nothing`)}
}

// Choose makes c the current choice. The zero Choice chooses nothing.
func (d Dirs) Choose(c Choice) error {
	switch {
	case c.Cluster != "":
		return write(d.State, choiceFile, []byte("cluster "+c.Cluster+"\n"))
	case c.Context != "":
		return write(d.State, choiceFile, []byte("context "+c.Context+"\n"))
	case d.State == "":
		return nil
	}
	err := os.Remove(filepath.Join(d.State, choiceFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
