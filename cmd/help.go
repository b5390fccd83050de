package cmd

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func newHelp(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND|exit-codes]",
		Short: "Explain a command, or the exit codes",
		Long: `Help explains a command: what it does, its flags, two examples, and the exit
codes that it can give. Without a name it lists the commands.`,
		Example: `  zooctl help create
  zooctl help exit-codes`,
		GroupID:     groupMore,
		Annotations: local(),
		Args:        cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			at, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range at.Commands() {
				if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), word) {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			if len(args) == 0 && strings.HasPrefix("exit-codes", word) {
				names = append(names, "exit-codes\tThe exit codes of all commands")
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "exit-codes" {
				writeCodes(a.Out, nil)
				return nil
			}
			at := cmd.Root()
			for _, word := range args {
				i := slices.IndexFunc(at.Commands(), func(c *cobra.Command) bool { return c.Name() == word || c.HasAlias(word) })
				if i < 0 {
					return unknown(at, word)
				}
				at = at.Commands()[i]
			}
			a.help(at)
			return nil
		},
	}
}

// help explains cmd on stdout: it is the answer to a question.
func (a *App) help(cmd *cobra.Command) {
	w := a.Out
	fmt.Fprintf(w, "%s\n\n%s\n", synopsis(cmd), strings.TrimSpace(cmd.Long))
	if cmd.HasAvailableSubCommands() {
		writeCommands(w, cmd)
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if flags := cmd.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", flags.FlagUsages())
	}
	if cmd.HasParent() {
		if codes := exits(cmd); codes != nil {
			fmt.Fprint(w, "\nExit codes:\n")
			writeCodes(w, codes)
		}
		fmt.Fprint(w, "\n'zooctl help' lists the flags that every command takes.\n")
		return
	}
	fmt.Fprintf(w, "\nFlags of every command; --connect-timeout can be given as ZOOCTL_CONNECT_TIMEOUT, and so on:\n%s", cmd.PersistentFlags().FlagUsages())
	fmt.Fprint(w, "\n'zooctl help COMMAND' explains a command, 'zooctl help exit-codes' the exit codes.\n")
}

// synopsis is the line that says how cmd is typed.
func synopsis(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return "zooctl [FLAGS] COMMAND"
	}
	line := "zooctl " + opOf(cmd)
	if _, args, ok := strings.Cut(cmd.Use, " "); ok {
		line += " " + args
	}
	if cmd.Annotations["group"] != "" {
		line += " COMMAND"
	}
	return line
}

// writeCommands lists the commands below cmd, by group where they have one.
func writeCommands(w io.Writer, cmd *cobra.Command) {
	list := func(title, id string) {
		fmt.Fprintf(w, "\n%s:\n", title)
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() && sub.GroupID == id {
				fmt.Fprintf(w, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	if len(cmd.Groups()) == 0 {
		list("Commands", "")
	}
	for _, g := range cmd.Groups() {
		list(g.Title, g.ID)
	}
}

// writeCodes writes the meaning of each of the codes, or of all there are.
func writeCodes(w io.Writer, only []int) {
	for _, c := range codes {
		if only != nil && !slices.Contains(only, c.code) {
			continue
		}
		if c.code == signals {
			number, meaning, _ := strings.Cut(c.meaning, ": ")
			fmt.Fprintf(w, "  %-6s %s\n", number, meaning)
			continue
		}
		fmt.Fprintf(w, "  %-6s %s\n", strconv.Itoa(c.code), c.meaning)
	}
}
