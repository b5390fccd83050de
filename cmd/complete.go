package cmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
)

// many stands for any number of arguments that are paths.
const many = 1 << 20

// completionPatience bounds what a Tab waits for an ensemble.
const completionPatience = 2 * time.Second

// completionLimit bounds the suggestions of one Tab: nobody reads more.
const completionLimit = 500

// completePaths offers the children of the znode typed so far, for the first n
// arguments.
func (a *App) completePaths(n int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.completePath(cmd, word)
	}
}

func (a *App) completePath(cmd *cobra.Command, word string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	if err := a.settle(cmd); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	cut := strings.LastIndexByte(word, '/') + 1
	typed, stem := word[:cut], word[cut:]
	dir := a.session.dir
	if trimmed := strings.TrimSuffix(typed, "/"); trimmed != "" {
		dir = a.Path(trimmed)
	} else if typed != "" {
		dir = "/"
	}
	conn, err := a.Conn(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, _, err := conn.Children(ctx, dir)
	if err != nil {
		return nil, directive
	}
	slices.Sort(names)
	var paths []string
	for _, name := range names {
		if strings.HasPrefix(name, stem) && len(paths) < completionLimit {
			paths = append(paths, typed+name)
		}
	}
	return paths, directive
}

// completeClusters offers the clusters of this machine, for the first argument.
func (a *App) completeClusters(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := localcluster.List(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range all {
		if strings.HasPrefix(s.Name, word) {
			names = append(names, s.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeNodes offers the selectors of servers.
func (a *App) completeNodes(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	var found []string
	for s := range strings.FieldsSeq(localcluster.Selectors) {
		if s != "…" && strings.HasPrefix(s, word) {
			found = append(found, s)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
