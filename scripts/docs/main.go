// Command docs writes what a package of zooctl contains beside the program: a manual
// page for each command, and the completions of four shells.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docs DIR")
		os.Exit(64)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	root := cmd.Tree()
	files := map[string][]byte{}
	pages(root, files)
	for name, generate := range map[string]func(*bytes.Buffer) error{
		"completions/zooctl.bash": func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
		"completions/_zooctl":     func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
		"completions/zooctl.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
		"completions/zooctl.ps1":  func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) },
	} {
		var b bytes.Buffer
		if err := generate(&b); err != nil {
			return err
		}
		files[name] = b.Bytes()
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pages adds the manual page of c and of the commands below it.
func pages(c *cobra.Command, files map[string][]byte) {
	for _, sub := range c.Commands() {
		pages(sub, files)
	}
	if c.Annotations["shell"] == "only" || c.Hidden {
		return
	}
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	files["man/"+name+".1"] = page(c, name)
}

// page is a manual page in the macros of man(7).
func page(c *cobra.Command, name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %q 1 \"\" zooctl \"User Commands\"\n", strings.ToUpper(name))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escape(name), escape(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", escape(cmd.Synopsis(c)))
	b.WriteString(".SH DESCRIPTION\n")
	for paragraph := range strings.SplitSeq(strings.TrimSpace(c.Long), "\n\n") {
		fmt.Fprintf(&b, ".PP\n%s\n", escape(paragraph))
	}
	flags := c.LocalFlags().FlagUsages()
	if flags != "" {
		fmt.Fprintf(&b, ".SH OPTIONS\n.nf\n%s.fi\n", escape(flags))
	}
	if c.HasExample() {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", escape(c.Example))
	}
	if codes := cmd.ExitCodes(c); codes != "" {
		fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s.fi\n", escape(codes))
	}
	if c.HasParent() {
		fmt.Fprintf(&b, ".SH SEE ALSO\n.BR %s (1)\n", escape(strings.ReplaceAll(c.Parent().CommandPath(), " ", "-")))
	}
	return b.Bytes()
}

// escape keeps roff from acting on text.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
