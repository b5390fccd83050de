package cmd

import "github.com/spf13/cobra"

func newLock(a *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "lock",
		Short: "Let processes on several machines take turns",
		Long: `Lock works with locks that are shared with Apache Curator's InterProcessMutex: one
holder at a time, in the order in which they asked.`,
		Example: `  zooctl lock run /locks/nightly -- ./nightly.sh
  zooctl lock run /locks/nightly --try -- ./nightly.sh`,
		GroupID: groupRecipe,
	}, newLockRun(a))
}
