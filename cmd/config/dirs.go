package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// FileError is a file of this package that cannot be understood.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the file.
func (e *FileError) Unwrap() error { return e.Err }

// Dirs says where the files are. They need not exist.
type Dirs struct {
	Config string // holds config.yaml
	State  string // holds current
}

// Find returns the directories that the environment names: zooctl under
// $XDG_CONFIG_HOME and under $XDG_STATE_HOME. The XDG Base Directory
// Specification gives their defaults ("$HOME/.config", "$HOME/.local/state")
// and says that "all paths set in these environment variables must be
// absolute", others are to be ignored. On Windows the defaults are %AppData%
// and %LocalAppData%. A directory that nothing names is "": nothing is read
// from there, and writing is an error.
func Find(getenv func(string) string) Dirs {
	absolute := func(name string) string {
		if dir := getenv(name); filepath.IsAbs(dir) {
			return dir
		}
		return ""
	}
	home := absolute("HOME")
	under := func(parts ...string) string {
		if home == "" {
			return ""
		}
		return filepath.Join(append([]string{home}, parts...)...)
	}
	config, state := under(".config"), under(".local", "state")
	if runtime.GOOS == "windows" {
		config, state = absolute("AppData"), absolute("LocalAppData")
	}
	zooctl := func(dir string) string {
		if dir == "" {
			return ""
		}
		return filepath.Join(dir, "zooctl")
	}
	return Dirs{
		Config: zooctl(cmp.Or(absolute("XDG_CONFIG_HOME"), config)),
		State:  zooctl(cmp.Or(absolute("XDG_STATE_HOME"), state)),
	}
}

// errHomeless is the error of writing where no directory is known.
var errHomeless = errors.New("no home directory is known: set HOME")

// read returns the content of a file, nil if there is none. A file larger
// than a person would write is refused before it is read.
func read(dir, name string) ([]byte, error) {
	const limit = 1 << 20
	if dir == "" {
		return nil, nil
	}
	file := filepath.Join(dir, name)
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	switch n, err := io.Copy(&b, io.LimitReader(f, limit+1)); {
	case err != nil:
		return nil, err
	case n > limit:
		return nil, &FileError{file, fmt.Errorf("larger than %d bytes", limit)}
	}
	return b.Bytes(), nil
}

// write makes or replaces a file whole: in a new file beside it, brought to
// disk and then given the name, so that a crash leaves the old or the new.
func write(dir, name string, content []byte) (err error) {
	if dir == "" {
		return errHomeless
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what went wrong is told already
		}
	}()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}
