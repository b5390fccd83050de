package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is a line that cannot be understood: exit code 64.
type usageError struct {
	reason string
	hint   string
}

func (e *usageError) Error() string { return e.reason }

// misused returns a usageError of cmd, with the way to its help.
func misused(cmd *cobra.Command, format string, args ...any) error {
	return &failure{op: opOf(cmd), err: &usageError{fmt.Sprintf(format, args...), "'zooctl help" + spaced(opOf(cmd)) + "' explains it"}}
}

func spaced(op string) string { return strings.TrimSuffix(" "+op, " ") }

// opOf is the name of a command as it is typed after zooctl: "lock run".
func opOf(cmd *cobra.Command) string {
	if cmd == nil {
		return ""
	}
	_, op, _ := strings.Cut(cmd.CommandPath(), " ")
	return op
}

// exactly takes n arguments.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// atLeast takes n arguments or more.
func atLeast(n int) cobra.PositionalArgs { return between(n, 1<<30) }

// between takes least to most arguments. The message shows what the command
// wants in the words of its own synopsis.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		_, wanted, _ := strings.Cut(cmd.Use, " ")
		switch {
		case wanted == "":
			return misused(cmd, "takes no argument, got %q", args[0])
		case len(args) < least:
			return misused(cmd, "an argument is missing: want %s", wanted)
		}
		return misused(cmd, "too many arguments: want %s, got %d", wanted, len(args))
	}
}

// misflag puts what the library says of a bad flag into our words.
func (a *App) misflag(cmd *cobra.Command, err error) error {
	if word, ok := a.strayWord(cmd); ok {
		return unknown(cmd, word)
	}
	if bad, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if name := bad.GetSpecifiedName(); len(name) > 1 && bad.GetSpecifiedShortnames() == "" {
			return misused(cmd, "unknown flag --%s", name)
		}
		return misused(cmd, "unknown flag -%s", bad.GetSpecifiedName())
	}
	if bad, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return misused(cmd, "flag --%s needs a value", bad.GetFlag().Name)
	}
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return misused(cmd, "flag --%s: %s", bad.GetFlag().Name, misvalue(bad.GetFlag(), bad.GetValue(), bad.Unwrap()))
	}
	return misused(cmd, "%v", err)
}

// misvalue says why value does not fit flag.
func misvalue(flag *pflag.Flag, value string, why error) string {
	switch kind := flag.Value.Type(); kind {
	case "int", "int32", "int64", "uint", "uint64", "count":
		return fmt.Sprintf("%q is not a number that fits", value)
	case "bool":
		return fmt.Sprintf("%q is neither true nor false", value)
	}
	return fmt.Sprintf("%q is %v", value, why)
}

// strayWord finds the word that should have been a command below cmd, where
// the flags after it were read as those of cmd.
func (a *App) strayWord(cmd *cobra.Command) (string, bool) {
	if !cmd.HasSubCommands() {
		return "", false
	}
	depth := len(strings.Fields(opOf(cmd)))
	words := a.line.words
	for i := range min(depth+1, len(words)) {
		if strings.HasPrefix(words[i], "-") {
			return "", false
		}
	}
	if len(words) <= depth {
		return "", false
	}
	return words[depth], true
}

// unknown is the error of a word that is no command below cmd.
func unknown(cmd *cobra.Command, word string) error {
	err := &usageError{fmt.Sprintf("unknown command %q", word), "'zooctl help" + spaced(opOf(cmd)) + "' lists the commands"}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		err.hint = "did you mean '" + strings.Join(near, "' or '") + "'?"
	}
	return &failure{op: opOf(cmd), err: err}
}

// group makes cmd a command that only holds others.
func group(cmd *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subs...)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknown(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var names []string
		for _, sub := range cmd.Commands() {
			if !sub.Hidden {
				names = append(names, sub.Name())
			}
		}
		return misused(cmd, "a command is missing: want %s", strings.Join(names, ", "))
	}
	cmd.Annotations = map[string]string{"group": "yes"}
	return cmd
}

// reasonOf is what the system says of a file, without the name that the message
// has already.
func reasonOf(err error) string {
	if bad, ok := errors.AsType[*fs.PathError](err); ok {
		return bad.Err.Error()
	}
	return err.Error()
}
