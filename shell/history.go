package shell

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// historySize is how many lines are kept.
const historySize = 10000

// history is what was typed, oldest first, and the file that keeps it.
type history struct {
	file  string
	lines []string
}

// openHistory reads the file, which need not exist. One that cannot be read, or
// written, is as good as none: a shell without a memory is still a shell.
func openHistory(file string) *history {
	h := &history{file: file}
	if file == "" {
		return h
	}
	f, err := os.Open(file)
	if err != nil {
		return h
	}
	defer f.Close()
	cut := false
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, maxLine)
	for sc.Scan() {
		h.lines = append(h.lines, sc.Text())
		if len(h.lines) > 2*historySize { // a file of any size is read, not kept
			h.lines = slices.Delete(h.lines, 0, historySize)
			cut = true
		}
	}
	if n := len(h.lines); cut || n > historySize {
		h.lines = slices.Clone(h.lines[max(0, n-historySize):])
		h.rewrite()
	}
	return h
}

// add notes a line, unless it is empty, begins with a blank, as what must not be kept
// does, or repeats the one before.
func (h *history) add(line string) {
	if h == nil || strings.TrimSpace(line) == "" || line[0] == ' ' || strings.ContainsRune(line, '\n') {
		return
	}
	if n := len(h.lines); n > 0 && h.lines[n-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.file == "" {
		return
	}
	_ = os.MkdirAll(filepath.Dir(h.file), 0o700) // the next line tells
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	_ = f.Chmod(0o600) // an older one may be open to others
	_, _ = f.WriteString(line + "\n")
	_ = f.Close()
}

// rewrite makes the file what is kept, in place of what it was.
func (h *history) rewrite() {
	tmp := h.file + ".tmp"
	if os.WriteFile(tmp, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600) == nil {
		_ = os.Rename(tmp, h.file)
	}
}
