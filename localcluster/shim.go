package localcluster

import (
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed shim/zkServer.sh
var shimServer string

//go:embed shim/java
var shimJava string

//go:embed shim/zoo_sample.cfg
var shimSample string

// WriteShim makes dir look like a distribution of Apache ZooKeeper to programs that
// start one: with bin/zkServer.sh, and with a bin/java that runs a server where it is
// asked for one by its class, and the real java for everything else. Both run program,
// the path of a zooctl. A directory that is there must be empty, or written by
// WriteShim, or ErrBadSpec is returned.
func WriteShim(dir, program string) error {
	if strings.ContainsAny(program, "\n\x00") {
		return fmt.Errorf("%w: %q cannot stand in a script", ErrBadSpec, program)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 && !isShim(dir) {
		return fmt.Errorf("%w: %s is there and is not empty", ErrBadSpec, dir)
	}
	for _, sub := range []string{"bin", "conf", "lib", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"bin/zkServer.sh": shimServer, "bin/java": shimJava, "conf/zoo_sample.cfg": shimSample} {
		mode := fs.FileMode(0o600)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o700
		}
		text = strings.ReplaceAll(text, "@ZOOCTL@", quoted(program))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			return err
		}
	}
	return nil
}

// isShim tells whether WriteShim has written dir.
func isShim(dir string) bool {
	text, err := readSmall(filepath.Join(dir, "bin", "zkServer.sh"))
	return err == nil && strings.Contains(text, "'zooctl server shim' has written it")
}

// quoted is s as one word of a Unix shell, within ${…}.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
