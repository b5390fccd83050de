package zoocfg_test

import (
	"slices"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/zoocfg"
)

// TestProperties says what java.util.Properties makes of a text.
func TestProperties(t *testing.T) {
	type props = []zoocfg.Property
	for _, c := range []struct {
		name, text string
		want       props
	}{
		{"nothing", "", nil},
		{"separators", "a=1\nb:2\nc 3\nd\t=\t4\ne : = 5\n", props{{"a", "1", 1}, {"b", "2", 2}, {"c", "3", 3}, {"d", "4", 4}, {"e", "= 5", 5}}},
		{"no value", "a\nb=\n", props{{"a", "", 1}, {"b", "", 2}}},
		{"comments", "# a=1\n  ! b=2\n\n \t\nc=3 # no comment\n", props{{"c", "3 # no comment", 5}}},
		{"line ends", "a=1\rb=2\r\nc=3", props{{"a", "1", 1}, {"b", "2", 2}, {"c", "3", 3}}},
		{"continued", "a=1,\\\n   2,\\\r\n\t3\nb=4", props{{"a", "1,2,3", 1}, {"b", "4", 4}}},
		{"continued by a comment sign", "a=1\\\n#2\n", props{{"a", "1#2", 1}}},
		{"continued by an empty line", "a=1\\\n\nb=2", props{{"a", "1", 1}, {"b", "2", 3}}},
		{"an even number goes not on", "a=1\\\\\nb=2", props{{"a", `1\`, 1}, {"b", "2", 2}}},
		{"a comment goes not on", "# a\\\nb=2", props{{"b", "2", 2}}},
		{"at the end of the file", "a=1\\", props{{"a", "1", 1}}},
		{"a lone backslash", "\\\n\na=1", props{{"a", "1", 3}}},
		{"escapes", `a\ b\=c=\ x\ty\u00e4\q\\`, props{{"a b=c", " x\tyäq\\", 1}}},
		{"a pair of units", `a=\ud83d\ude00`, props{{"a", "😀", 1}}},
		{"trailing blanks stay", "a=1  ", props{{"a", "1  ", 1}}},
		{"UTF-8 stays", "a=/dätä", props{{"a", "/dätä", 1}}},
		{"more than once", "a=1\na=2", props{{"a", "1", 1}, {"a", "2", 2}}},
	} {
		got, err := zoocfg.Properties(c.text)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: Properties(%q) = %+v, %v, want %+v", c.name, c.text, got, err, c.want)
		}
	}
	for _, text := range []string{`a=\u12`, `a=\u12g4`, "ok=1\nb=\\u"} {
		if got, err := zoocfg.Properties(text); err == nil {
			t.Errorf("Properties(%q) = %v, want an error", text, got)
		}
	}
}
