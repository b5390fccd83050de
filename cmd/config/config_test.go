package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestContexts(t *testing.T) {
	d := Dirs{Config: filepath.Join(t.TempDir(), "new")}
	if all, err := d.Contexts(); len(all) != 0 || err != nil {
		t.Fatal(all, err)
	}
	prod := Context{Servers: []string{"a:2181", "b:2181"}, Chroot: "/x", SessionTimeout: Duration(48 * time.Hour), Auth: []string{"digest:env:PW"}, Protected: true}
	if err := errors.Join(d.AddContext("prod", prod), d.AddContext("dev", Context{Servers: []string{"c:1"}})); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Context("prod"); err != nil || !reflect.DeepEqual(got, prod) {
		t.Errorf("%+v, %v; want %+v", got, err, prod)
	}
	if names, err := d.ContextNames(); err != nil || strings.Join(names, " ") != "dev prod" {
		t.Error(names, err)
	}
	if info, err := os.Stat(filepath.Join(d.Config, contextFile)); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := d.RemoveContext("prod"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{d.RemoveContext("prod"), func() error { _, err := d.Context("prod"); return err }()} {
		if !errors.Is(err, ErrNoContext) {
			t.Error(err)
		}
	}
}

// TestCorrupt checks that a file that makes no sense is named in one line.
func TestCorrupt(t *testing.T) {
	d := Dirs{Config: t.TempDir(), State: t.TempDir()}
	file := filepath.Join(d.Config, contextFile)
	for content, want := range map[string]string{
		"contexts: [":                  "line 1",
		"contexts: 7":                  "line 1",
		"contexts: {a: {server: [x]}}": "server not found",
		"contexts: {a: {}}":            `"a" has no servers`,
		"contexts: {a: {servers: [x], session_timeout: soon}}": "not a duration",
		strings.Repeat("#", 1<<20+1):                           "larger than",
	} {
		os.WriteFile(file, []byte(content), 0o600)
		_, err := d.Contexts()
		if bad, ok := errors.AsType[*FileError](err); !ok || bad.File != file || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v", content, err)
		}
		if err := d.AddContext("b", Context{}); err == nil {
			t.Errorf("%.40q was overwritten", content)
		}
	}
	file = filepath.Join(d.State, choiceFile)
	for _, content := range []string{"", "cluster", "cluster ", "server x\n", "cluster a\ncluster b\n", "cluster a b"} {
		os.WriteFile(file, []byte(content), 0o600)
		_, err := d.Current()
		if bad, ok := errors.AsType[*FileError](err); !ok || bad.File != file {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestChoice(t *testing.T) {
	d := Dirs{State: filepath.Join(t.TempDir(), "new")}
	for _, c := range []Choice{{}, {Cluster: "dev"}, {Context: "prod"}, {}, {}} {
		if err := d.Choose(c); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Current(); got != c || err != nil || got.IsZero() != (c == Choice{}) {
			t.Errorf("%+v, %v; want %+v", got, err, c)
		}
		if files, _ := filepath.Glob(filepath.Join(d.State, "*.*")); len(files) > 0 {
			t.Errorf("left behind: %v", files)
		}
	}
	if err := (Dirs{}).Choose(Choice{Cluster: "dev"}); !errors.Is(err, errHomeless) {
		t.Error(err)
	}
	if c, err := (Dirs{}).Current(); err != nil || !c.IsZero() {
		t.Error(c, err)
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"1.5s": 1500 * time.Millisecond, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour, "0": 0, "1d0s": 24 * time.Hour,
	} {
		if got, err := ParseDuration(s); got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "5", "-1s", "-1d", "d", "1d2d", "1dd", "1h1d", "1e9d", "106752d", "1d-1s", "soon", "106751d23h59m59s"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	f.Add("1d12h")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err == nil && d < 0 {
			t.Errorf("%q is %v", s, d)
		}
		if again, err2 := ParseDuration(d.String()); err == nil && (err2 != nil || again != d) {
			t.Errorf("%q is %v is %v (%v)", s, d, again, err2)
		}
	})
}
