package cmd

import (
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/zooctl/zooctl/"

// room is a row of the table of imports in ARCHITECTURE.md.
type room struct {
	pkg             string
	may, libraries  []string
	mayImportAnyone bool
}

// rooms reads the table, which is the only place where it is.
func rooms(t *testing.T) []room {
	t.Helper()
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- layers -->\n")
	table, _, end := strings.Cut(rest, "<!-- end -->")
	if !ok || !end {
		t.Fatal("ARCHITECTURE.md has no table of imports")
	}
	words := func(cell string) []string {
		return strings.FieldsFunc(cell, func(r rune) bool { return r == '`' || r == ' ' || r == '–' })
	}
	var all []room
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue // the heading
		}
		r := room{pkg: words(cells[1])[0], may: words(cells[2]), libraries: words(cells[3])}
		r.mayImportAnyone = slices.Equal(r.may, []string{"*"})
		all = append(all, r)
	}
	return all
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// TestLayers holds every import of every package to the table in ARCHITECTURE.md:
// no arrow that is not in it, and no library outside its home.
func TestLayers(t *testing.T) {
	all := rooms(t)
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		i := slices.IndexFunc(all, func(r room) bool { return matches(r.pkg, name) })
		if i < 0 {
			t.Errorf("%s is in no row of the table of imports", name)
			continue
		}
		seen++
		for _, imp := range fields[1:] {
			all[i].check(t, name, imp, all)
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func (r room) check(t *testing.T, name, imp string, all []room) {
	t.Helper()
	if ours, ok := strings.CutPrefix(imp, module); ok {
		if !r.mayImportAnyone && !slices.ContainsFunc(r.may, func(p string) bool { return matches(p, ours) }) {
			t.Errorf("%s may not import %s", name, ours)
		}
		return
	}
	for _, other := range all {
		for _, lib := range other.libraries {
			if imp != lib && !strings.HasPrefix(imp, lib+"/") {
				continue
			}
			if other.pkg != r.pkg && !slices.Contains(r.libraries, lib) && !r.mayImportAnyone {
				t.Errorf("%s may not import %s: its home is %s", name, imp, other.pkg)
			}
		}
	}
}
