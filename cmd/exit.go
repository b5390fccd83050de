package cmd

import (
	"strconv"

	"github.com/spf13/cobra"
)

func newExit(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "exit [STATUS]",
		Aliases: []string{"quit"},
		Short:   "End the shell",
		Long: `Exit ends the shell, and with it the session: ephemeral znodes that were made here
go. The status is 0 unless one is given.`,
		Example: `  exit
  exit 1`,
		GroupID:     groupShell,
		Annotations: shareless(local()),
		Args:        between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			status := 0
			if len(args) == 1 {
				n, err := strconv.Atoi(args[0])
				if err != nil || n < 0 || n > 255 {
					return misused(cmd, "%q is not a status from 0 to 255", args[0])
				}
				status = n
			}
			a.session.left, a.session.status = true, status
			return nil
		},
	}
}
