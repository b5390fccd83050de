package cmd

import (
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestTree holds every command to the rules of the house.
func TestTree(t *testing.T) {
	seen := 0
	each(Tree(), func(c *cobra.Command) {
		seen++
		t.Run(c.CommandPath(), func(t *testing.T) {
			if r := []rune(c.Short); len(r) == 0 || !unicode.IsUpper(r[0]) || strings.HasSuffix(c.Short, ".") {
				t.Errorf("Short = %q: want a capital first and no full stop last", c.Short)
			}
			if !strings.HasSuffix(c.Long, ".") || c.Args == nil {
				t.Error("Long must be prose and Args must be set")
			}
			if n := strings.Count(c.Example, "\n"); n < 1 {
				t.Error("Example must have two lines")
			}
			switch c.Annotations["access"] {
			case "reads", "writes", "local":
			default:
				t.Error("Annotations must be reads, writes or local")
			}
			for _, code := range exits(c) {
				if !known(code) {
					t.Errorf("exit code %d is in no table", code)
				}
			}
			name := strings.ReplaceAll(opOf(c), " ", "_")
			if _, err := os.Stat("../testdata/script/" + name + ".txtar"); err != nil {
				t.Errorf("no script tests this command: %v", err)
			}
		})
	})
	if seen < 20 {
		t.Errorf("only %d commands were looked at", seen)
	}
}

func known(code int) bool {
	for _, c := range codes {
		if c.code == code {
			return true
		}
	}
	return false
}

// each calls f for every command that runs by itself.
func each(c *cobra.Command, f func(*cobra.Command)) {
	for _, sub := range c.Commands() {
		each(sub, f)
	}
	if c.HasParent() && c.Runnable() && c.Annotations["group"] == "" {
		f(c)
	}
}

// TestGlobalLetters keeps the letters of zkCli.sh free for the commands: no global
// flag uses another letter than these.
func TestGlobalLetters(t *testing.T) {
	var letters string
	Tree().PersistentFlags().VisitAll(func(f *pflag.Flag) { letters += f.Shorthand })
	if letters != "oyz" && letters != "ozy" {
		t.Errorf("global letters are %q", letters)
	}
}
