package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory adds the memory of all processes of the ensemble, supervisor and servers, as
// the kernel divides it among those who share it (PSS).
//
// The embedded servers share the pages of their program with this process, which is
// the same program and takes a part of those pages' cost off them. Its whole part is
// added back: too much rather than too little.
func (e *ensemble) memory(f *figures, row string) error {
	total, err := e.footprint()
	if err != nil {
		return err
	}
	f.add(row, memoryUse, float64(total))
	return nil
}

// footprint returns that memory in bytes.
func (e *ensemble) footprint() (int64, error) {
	supervisor, err := parentOf(e.Nodes[0].PID)
	if err != nil {
		return 0, err
	}
	pids := []int{supervisor}
	for _, n := range e.Nodes {
		pids = append(pids, n.PID)
	}
	total := int64(0)
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, fmt.Errorf("memory of process %d: %w", pid, err)
		}
		n, err := sumPSS(b, "")
		if err != nil {
			return 0, fmt.Errorf("memory of process %d: %w", pid, err)
		}
		total += n
	}
	if e.engine == embedded {
		exe, err := os.Executable()
		if err != nil {
			return 0, err
		}
		b, err := os.ReadFile("/proc/self/smaps")
		if err != nil {
			return 0, err
		}
		own, err := sumPSS(b, exe)
		if err != nil {
			return 0, fmt.Errorf("pages of %s: %w", exe, err)
		}
		total += own
	}
	return total, nil
}

// parentOf returns the process that started pid.
func parentOf(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("parent of process %d: %w", pid, err)
	}
	_, rest, _ := strings.Cut(string(b[bytes.LastIndexByte(b, ')')+1:]), " ") // a name may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0, fmt.Errorf("parent of process %d: /proc says %q", pid, b)
	}
	return strconv.Atoi(fields[1])
}

// sumPSS adds up the lines "Pss: N kB" of a file smaps or smaps_rollup, in bytes; of
// the mappings of file only, if one is named. A text without any is an error.
func sumPSS(smaps []byte, file string) (int64, error) {
	total, found, counts := int64(0), false, file == ""
	sc := bufio.NewScanner(bytes.NewReader(smaps))
	for sc.Scan() {
		fields := strings.Fields(sc.Text())
		if len(fields) == 0 {
			continue
		}
		if !strings.HasSuffix(fields[0], ":") { // the head of a mapping
			if file != "" {
				counts = strings.HasSuffix(sc.Text(), " "+file)
			}
			continue
		}
		if !counts || fields[0] != "Pss:" || len(fields) < 2 {
			continue
		}
		kb, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, err
		}
		total, found = total+kb<<10, true
	}
	if !found {
		return 0, errors.New("the kernel tells nothing of it")
	}
	return total, sc.Err()
}
