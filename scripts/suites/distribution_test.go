//go:build unix

package suites

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// distribution is what suites start servers from.
type distribution struct {
	engine  string
	version string   // as the servers tell it
	bin     string   // the folder with zkServer.sh
	env     []string // what both suites run with
}

// distributionFor makes the distribution of the engine that the environment names.
func distributionFor(t *testing.T) distribution {
	t.Helper()
	dir := t.TempDir()
	if engine := os.Getenv("ZOOCTL_TEST_ENGINE"); engine == "apache" {
		return apache(t, dir)
	} else if engine != "" && engine != "embedded" {
		t.Fatalf("ZOOCTL_TEST_ENGINE=%s is neither embedded nor apache", engine)
	}
	return embedded(t, dir)
}

// embedded builds zooctl and has it write a folder that passes for a distribution.
// go-zookeeper looks into srvr with an expression that knows dates only as Apache
// ZooKeeper wrote them before 3.7.
func embedded(t *testing.T, dir string) distribution {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	zooctl, shim := filepath.Join(dir, "zooctl"), filepath.Join(dir, "shim")
	for _, argv := range [][]string{
		{"go", "build", "-o", zooctl, repository(t) + "/cmd/zooctl"},
		{zooctl, "server", "shim", shim},
	} {
		if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil { //nolint:gosec // our own
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	bin := filepath.Join(shim, "bin")
	return distribution{engine: "embedded", version: "3.9.0", bin: bin, env: []string{
		"ZOOKEEPER_CLASSPATH=none", "PATH=" + bin + ":" + os.Getenv("PATH"), "JVMFLAGS=-Dzooctl.oldDates=true",
	}}
}

// apache makes a script of the jars in ZOOKEEPER_HOME. So that the suite of
// go-zookeeper can run there at all, the classes that know the day of the release are
// copied, with the day written as go-zookeeper wants it.
func apache(t *testing.T, dir string) distribution {
	t.Helper()
	jars, err := filepath.Glob(filepath.Join(os.Getenv("ZOOKEEPER_HOME"), "*.jar"))
	if err != nil || len(jars) == 0 {
		t.Fatal("ZOOKEEPER_HOME must name a folder with the jars of Apache ZooKeeper", err)
	}
	version := ""
	for _, jar := range jars {
		if v := regexp.MustCompile(`/zookeeper-(\d+\.\d+\.\d+)\.jar$`).FindStringSubmatch(jar); v != nil {
			version = v[1]
			if err := oldDates(jar, dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	script := fmt.Sprintf("#!/bin/sh\nexec java $SERVER_JVMFLAGS -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '%s' org.apache.zookeeper.server.quorum.QuorumPeerMain \"$2\"\n",
		dir+":"+strings.Join(jars, ":"))
	silence := `<configuration><root level="OFF"/></configuration>`
	bin := filepath.Join(dir, "bin")
	if err := errors.Join(os.Mkdir(bin, 0o700), os.WriteFile(filepath.Join(bin, "zkServer.sh"), []byte(script), 0o700), //nolint:gosec // a script
		os.WriteFile(filepath.Join(dir, "logback.xml"), []byte(silence), 0o600)); err != nil {
		t.Fatal(err)
	}
	return distribution{engine: "apache", version: version, bin: bin, env: []string{
		"ZOOKEEPER_CLASSPATH=" + dir + ":" + strings.Join(jars, ":"),
	}}
}

// oldDates copies the classes of a jar that tell its date, which they do in one place
// of constant length.
func oldDates(jar, dir string) error {
	r, err := zip.OpenReader(jar)
	if err != nil {
		return err
	}
	defer r.Close()
	date, copied := regexp.MustCompile(`(20\d\d)-(\d\d)-(\d\d)( \d\d:\d\d UTC)`), 0
	for _, f := range r.File {
		if !regexp.MustCompile(`^org/apache/zookeeper/(Version|version/\w+)\.class$`).MatchString(f.Name) {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		class, err := io.ReadAll(io.LimitReader(in, 1<<20))
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := errors.Join(err, in.Close(), os.MkdirAll(filepath.Dir(to), 0o700),
			os.WriteFile(to, date.ReplaceAll(class, []byte("$2/$3/$1$4")), 0o600)); err != nil {
			return err
		}
		copied++
	}
	if copied == 0 {
		return fmt.Errorf("%s has no class that tells its version", jar)
	}
	return nil
}
