package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// The groups of commands, in the order of help.
const (
	groupZnode   = "znode"
	groupRecipe  = "recipe"
	groupCluster = "cluster"
	groupShell   = "shell"
	groupMore    = "more"
)

// newRoot returns the whole tree of commands over a. It touches nothing: a tree
// is cheap and is used for one line only.
func newRoot(a *App) *cobra.Command {
	root := &cobra.Command{
		Use:   "zooctl",
		Short: "Work with Apache ZooKeeper",
		Long: `Zooctl works with znodes, takes locks for scripts, and runs ensembles on this
machine. Every command works on the ensemble that --servers, --cluster or
--context names, or else ZOOCTL_SERVERS, ZOOCTL_CLUSTER or ZOOCTL_CONTEXT, or
else the local cluster last brought up, or else 127.0.0.1:2181.`,
		Example: `  zooctl demo
  zooctl -z zk1:2181,zk2:2181/app ls /`,
		SilenceErrors:     true, // App.run reports
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.begin(cmd) },
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(a.misflag)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { a.help(cmd) })
	a.globalFlags(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupZnode, Title: "Znodes"},
		&cobra.Group{ID: groupRecipe, Title: "Coordination"},
		&cobra.Group{ID: groupCluster, Title: "Ensembles on this machine"},
		&cobra.Group{ID: groupShell, Title: "The shell"},
		&cobra.Group{ID: groupMore, Title: "More"},
	)
	root.AddCommand(
		newLs(a), newTree(a), newGet(a), newSet(a), newCreate(a), newRm(a), newStat(a), newExists(a),
		newLock(a),
		newDemo(a), newCluster(a), newServer(a),
		newShell(a),
		newCompletion(a), newVersion(a),
	)
	if a.session.lines {
		root.AddCommand(newCd(a), newPwd(a), newHistory(a), newExit(a))
	}
	help := newHelp(a)
	root.AddCommand(help)
	root.SetHelpCommand(help)
	root.Args, root.RunE = group(root).Args, func(cmd *cobra.Command, _ []string) error {
		a.help(cmd)
		return nil
	}
	return root
}

// Tree returns the commands for a program that writes documents about them. It
// is not for running.
func Tree() *cobra.Command {
	a := newApp(nil, nil, nil, func(string) string { return "" })
	a.session.lines = true
	return newRoot(&a)
}

// Synopsis is the line that says how a command of Tree is typed.
func Synopsis(cmd *cobra.Command) string { return synopsis(cmd) }

// ExitCodes says, a line each, which exit codes a command of Tree can give; without a
// parent it says which there are.
func ExitCodes(cmd *cobra.Command) string {
	var b strings.Builder
	if codes := exits(cmd); codes != nil || !cmd.HasParent() {
		writeCodes(&b, codes)
	}
	return b.String()
}
