package histories

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// verdict is all that is wrong with a history, one line each.
func verdict(h []record, faults []span, draw func(string, porcupine.Model, porcupine.LinearizationInfo)) []string {
	return slices.Concat(
		checkOrder(h), checkZxids(h), checkSnapshots(h), checkSessions(h), checkWatches(h), checkSequence(h), checkEphemerals(h),
		checkExpiry(h, faults), checkZnodes(h, draw),
	)
}

// keep writes a history that failed, with what the nemesis did, to a directory.
func keep(dir string, h []record, bad, did []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "history.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(write(f, h), f.Close())
	for name, lines := range map[string][]string{"violations.txt": bad, "nemesis.txt": did} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}
	return err
}

// drawing returns what draws the operations of a znode to a file in dir.
func drawing(dir string) func(string, porcupine.Model, porcupine.LinearizationInfo) {
	return func(path string, m porcupine.Model, info porcupine.LinearizationInfo) {
		if os.MkdirAll(dir, 0o700) == nil {
			name := filepath.Join(dir, strings.ReplaceAll(strings.Trim(path, "/"), "/", "-")+".html")
			_ = porcupine.VisualizePath(m, info, name) // the history itself is kept too
		}
	}
}

// summary says what a history consists of.
func summary(h []record) string {
	count := map[string]int{}
	for i := range h {
		count[strings.TrimSpace(string(h[i].Kind)+" "+string(h[i].Outcome))]++
	}
	var parts []string
	for what, n := range count {
		parts = append(parts, fmt.Sprintf("%s %d", what, n))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%d records: %s", len(h), strings.Join(parts, ", "))
}
