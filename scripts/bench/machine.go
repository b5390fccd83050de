package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// machineLine says what the figures were measured with and on.
func machineLine(o *options, all ...*results) string {
	facts := []string{fmt.Sprintf("%d CPUs", runtime.NumCPU())}
	if model := cpuModel(); model != "" {
		facts[0] += " (" + model + ")"
	}
	if fs := fileSystem(os.TempDir()); fs != "" {
		facts = append(facts, "data on "+fs)
	}
	facts = append(facts, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version())
	for _, r := range all {
		if t := r.titles[apache]; t != "" {
			facts = append(facts, strings.TrimSuffix(t+" on Java "+r.java, " on Java "))
			break
		}
	}
	facts = append(facts, fmt.Sprintf("rounds: %d, each with %v of every load after %v of warm-up", o.rounds, o.duration, o.warm))
	return strings.Join(facts, "; ") + "."
}

// cpuModel returns what the processors call themselves, or "".
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		if key, value, ok := strings.Cut(sc.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// fileSystem returns the type of the file system that dir is on, or "". It matters:
// on one that is in memory an fsync costs nothing.
func fileSystem(dir string) string {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return ""
	}
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	best, kind := "", ""
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		at := fields[1]
		within := dir == at || strings.HasPrefix(dir, strings.TrimSuffix(at, "/")+"/")
		if within && len(at) >= len(best) { // of two on one place the later hides the other
			best, kind = at, fields[2]
		}
	}
	return kind
}

// javaVersion returns the version of the Java that localcluster starts.
func javaVersion(ctx context.Context) (string, error) {
	java := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		if named := filepath.Join(home, "bin", "java"); isFile(named) {
			java = named
		}
	}
	out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput() // it goes to standard error
	if err != nil {
		return "", fmt.Errorf("java -version: %w", err)
	}
	_, rest, _ := strings.Cut(string(out), `"`)
	version, _, _ := strings.Cut(rest, `"`)
	return version, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
