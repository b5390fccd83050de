//go:build !windows

package config

import "testing"

func TestFind(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want Dirs
	}{
		{map[string]string{"HOME": "/h"}, Dirs{"/h/.config/zooctl", "/h/.local/state/zooctl"}},
		{map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}, Dirs{"/c/zooctl", "/s/zooctl"}},
		{map[string]string{"HOME": "/h", "XDG_STATE_HOME": "s"}, Dirs{"/h/.config/zooctl", "/h/.local/state/zooctl"}},
		{map[string]string{}, Dirs{}},
	} {
		if got := Find(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.env, got, c.want)
		}
	}
}
