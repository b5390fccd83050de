//go:build unix

package suites

import (
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	// workers run kazoo's files beside each other, each with an ensemble of its own.
	workers = 3
	// portsEach is what kazoo's ensemble of three takes.
	portsEach = 40
)

// runKazoo runs the tests that come with kazoo, a file at a time.
func runKazoo(t *testing.T, d distribution) map[string]outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	k := kazoo{ctx: ctx, d: d, dir: t.TempDir(), python: filepath.Join(repository(t), ".cache/suites/bin/python")}
	files := make(chan string)
	var wg sync.WaitGroup
	k.got = map[string]outcome{}
	for i := range workers {
		wg.Go(func() {
			for file := range files {
				if err := k.file(file, 20000+i*1000); err != nil {
					k.note(func() { k.errors = append(k.errors, err) })
				}
			}
		})
	}
	for _, file := range k.files(t) {
		files <- file
	}
	close(files)
	wg.Wait()
	for _, err := range k.errors {
		t.Error(err)
	}
	for _, problem := range k.problems {
		t.Log(problem)
	}
	return k.got
}

// kazoo is one run of its suite.
type kazoo struct {
	ctx         context.Context
	d           distribution
	python, dir string

	mu       sync.Mutex
	got      map[string]outcome
	problems []string // of tests that failed
	errors   []error
}

func (k *kazoo) note(do func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	do()
}

// files are those with tests, the largest first, so that no worker ends long after the
// others.
func (k *kazoo) files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(k.python), "../lib/python3*/site-packages/kazoo/tests/test_*.py"))
	if err != nil || len(files) == 0 {
		t.Fatal("kazoo is not there: make tools", err)
	}
	size := func(file string) int64 {
		st, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	slices.SortFunc(files, func(a, b string) int { return int(size(b) - size(a)) })
	return files
}

// file runs one file. The ports are sought again for each: another program may have
// taken some in the meantime.
func (k *kazoo) file(file string, base int) error {
	name := strings.TrimSuffix(filepath.Base(file), ".py")
	ports, err := freePorts(base, portsEach)
	if err != nil {
		return err
	}
	dir := filepath.Join(k.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	report := filepath.Join(dir, "report.xml")
	said, err := scene{ctx: k.ctx, dir: dir,
		env: append(slices.Clone(k.d.env), "CI=true", "ZOOKEEPER_VERSION="+k.d.version, fmt.Sprint("ZOOKEEPER_PORT_OFFSET=", ports),
			"TMPDIR="+dir, "PYTHONDONTWRITEBYTECODE=1"),
		argv: []string{k.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=180", "--junitxml=" + report, file}}.play()
	if !ended(err, 1) {
		return fmt.Errorf("%s: %w\n%s", name, err, tail(said))
	}
	text, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	got, problems, err := fromJUnit(text)
	if err != nil {
		return fmt.Errorf("%s: %w", report, err)
	}
	k.note(func() {
		maps.Copy(k.got, got)
		k.problems = append(k.problems, problems...)
	})
	return nil
}

// fromJUnit reads a report as pytest writes it. A test that passes and whose end fails
// is in it twice, and has failed.
func fromJUnit(text []byte) (map[string]outcome, []string, error) {
	type note struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	var report struct {
		Cases []struct {
			Class   string `xml:"classname,attr"`
			Name    string `xml:"name,attr"`
			Failure *note  `xml:"failure"`
			Error   *note  `xml:"error"`
			Skipped *note  `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, nil, err
	}
	got, problems := map[string]outcome{}, []string(nil)
	for _, c := range report.Cases {
		parts := strings.Split(c.Class, ".")
		parts = parts[max(0, slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, "test_") })):]
		name := strings.Join(append(parts, c.Name), ".")
		switch {
		case c.Failure != nil || c.Error != nil:
			got[name] = fails
			for _, n := range []*note{c.Failure, c.Error} {
				if n != nil {
					problems = append(problems, fmt.Sprintf("%s said: %s\n%s", name, n.Message, tail(n.Text)))
				}
			}
		case got[name] == fails:
		case c.Skipped != nil:
			got[name] = skipped
			problems = append(problems, fmt.Sprintf("%s is skipped: %s", name, c.Skipped.Message))
		default:
			got[name] = passes
		}
	}
	return got, problems, nil
}

func TestFromJUnit(t *testing.T) {
	got, problems, err := fromJUnit([]byte(`<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="kazoo.tests.test_a.T" name="test_one" time="1"/>
<testcase classname="kazoo.tests.test_a.T" name="test_two"><failure message="no">why</failure></testcase>
<testcase classname="test_a.T" name="test_three"><skipped message="not here"/></testcase>
<testcase classname="test_b" name="test_four"><error message="at its end">x</error></testcase>
<testcase classname="test_b" name="test_four"/>
</testsuite></testsuites>`))
	want := map[string]outcome{"test_a.T.test_one": passes, "test_a.T.test_two": fails, "test_a.T.test_three": skipped, "test_b.test_four": fails}
	if err != nil || !maps.Equal(got, want) || len(problems) != 3 {
		t.Error(got, problems, err)
	}
	if _, _, err := fromJUnit([]byte("no")); err == nil {
		t.Error("no report is taken for one")
	}
}
