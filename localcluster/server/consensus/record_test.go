package consensus

import (
	"fmt"
	"strings"
	"testing"

	pb "go.etcd.io/raft/v3/raftpb"
)

func entryOf(index, term uint64, data string) []byte {
	return appendEntry(nil, &pb.Entry{Index: &index, Term: &term, Data: []byte(data)})
}

func hardOf(term, vote, commit uint64) []byte {
	return appendHard(nil, &pb.HardState{Term: &term, Vote: &vote, Commit: &commit})
}

func markOf(index, term uint64, replaces bool) []byte {
	return appendMark(nil, mark{index: index, term: term, replaces: replaces, conf: &pb.ConfState{Voters: []uint64{1, 2, 3}}, members: &membership{version: index}})
}

// TestPast: what a row of records comes to.
func TestPast(t *testing.T) {
	first := markOf(1, 1, false)
	for name, c := range map[string]struct {
		records [][]byte
		want    string // hard state, marks, entries with their terms
		err     string
	}{
		"a new log":        {[][]byte{hardOf(1, 0, 1), first}, "1 0 1 [1] []", ""},
		"entries":          {[][]byte{hardOf(2, 3, 1), first, entryOf(2, 2, "a"), entryOf(3, 2, "b")}, "2 3 1 [1] [2:2a 3:2b]", ""},
		"all in one":       {[][]byte{append(append(first, entryOf(2, 2, "a")...), hardOf(2, 3, 2)...)}, "2 3 2 [1] [2:2a]", ""},
		"a new leader":     {[][]byte{first, entryOf(2, 2, "a"), entryOf(3, 2, "b"), entryOf(4, 2, "c"), entryOf(3, 5, "x"), hardOf(5, 0, 1)}, "5 0 1 [1] [2:2a 3:5x]", ""},
		"replaced whole":   {[][]byte{first, entryOf(2, 2, "a"), entryOf(3, 2, "b"), entryOf(2, 5, "x"), hardOf(5, 0, 1)}, "5 0 1 [1] [2:5x]", ""},
		"two snapshots":    {[][]byte{first, entryOf(2, 2, ""), entryOf(3, 2, ""), markOf(2, 2, false), markOf(3, 2, false), entryOf(4, 2, ""), hardOf(2, 0, 1)}, "2 0 1 [1 2 3] [3:2 4:2]", ""},
		"said again":       {[][]byte{first, entryOf(2, 2, ""), markOf(2, 2, false), first, markOf(2, 2, false), hardOf(2, 0, 1)}, "2 0 1 [1 2] [2:2]", ""},
		"from the leader":  {[][]byte{first, entryOf(2, 2, ""), entryOf(3, 2, ""), markOf(90, 7, true), entryOf(91, 7, "n"), hardOf(7, 0, 90)}, "7 0 90 [1 90] [91:7n]", ""},
		"a gap":            {[][]byte{first, entryOf(2, 2, ""), entryOf(4, 2, "")}, "", "entry 4 follows entry 2"},
		"an unknown kind":  {[][]byte{{9}}, "", "unknown kind 9"},
		"an entry cut off": {[][]byte{entryOf(2, 2, "abcdef")[:25]}, "", "cut short"},
		"a mark cut off":   {[][]byte{first[:20]}, "", "mark"},
		"a length too big": {[][]byte{append(entryOf(2, 2, "")[:18], 0xff, 0xff, 0xff, 0xff)}, "", "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			var p past
			var err error
			for _, r := range c.records {
				if err == nil {
					err = p.read(r)
				}
			}
			if c.err != "" || err != nil {
				if err == nil || c.err == "" || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want %q", err, c.err)
				}
				return
			}
			marks, entries := []uint64{}, []string{}
			for _, m := range p.marks {
				marks = append(marks, m.index)
			}
			for _, e := range p.entries {
				entries = append(entries, fmt.Sprintf("%d:%d%s", e.GetIndex(), e.GetTerm(), e.Data))
			}
			if have := fmt.Sprint(p.hard.GetTerm(), p.hard.GetVote(), p.hard.GetCommit(), marks, entries); have != c.want {
				t.Errorf("%s\nwant %s", have, c.want)
			}
		})
	}
}

// TestPastStorage: what Raft is given, and what is refused because part of it is not
// there.
func TestPastStorage(t *testing.T) {
	conf := &pb.ConfState{Voters: []uint64{1}}
	at := func(index uint64) mark { return mark{index: index, term: 2, conf: conf} }
	for name, c := range map[string]struct {
		records     [][]byte
		from        mark
		last, known uint64 // last entry, committed
		err         string
	}{
		"after a snapshot":          {[][]byte{entryOf(2, 2, ""), entryOf(3, 2, ""), entryOf(4, 2, ""), hardOf(2, 1, 4)}, at(3), 4, 4, ""},
		"nothing after it":          {[][]byte{hardOf(2, 1, 1)}, at(3), 3, 3, ""},
		"the snapshot is committed": {[][]byte{entryOf(2, 2, ""), entryOf(3, 2, ""), entryOf(4, 2, ""), hardOf(2, 1, 1)}, at(3), 4, 3, ""},
		"entries are missing":       {[][]byte{entryOf(5, 2, ""), hardOf(2, 1, 1)}, at(3), 0, 0, "entry 5 after the snapshot at 3"},
		"the end is missing":        {[][]byte{entryOf(4, 2, ""), hardOf(2, 1, 9)}, at(3), 0, 0, "ends at entry 4, and 9 was committed"},
		"no term":                   {[][]byte{entryOf(4, 2, "")}, at(3), 0, 0, "nothing of its term"},
	} {
		t.Run(name, func(t *testing.T) {
			var p past
			for _, r := range c.records {
				if err := p.read(r); err != nil {
					t.Fatal(err)
				}
			}
			st, err := p.storage(c.from)
			if c.err != "" || err != nil {
				if err == nil || c.err == "" || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want %q", err, c.err)
				}
				return
			}
			last, err := st.LastIndex()
			hard, _, err2 := st.InitialState()
			if err != nil || err2 != nil || last != c.last || hard.GetCommit() != c.known {
				t.Errorf("last %d, committed %d, %v %v", last, hard.GetCommit(), err, err2)
			}
		})
	}
}
