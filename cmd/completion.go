package cmd

import (
	"github.com/spf13/cobra"
)

func newCompletion(a *App) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands and znodes in your shell",
		Long: `Completion prints a script for the shell that you name. Once it is loaded, Tab
completes the commands and flags of zooctl, the names of local clusters, and
znodes on the ensemble in use.`,
		Example: `  source <(zooctl completion bash)
  zooctl completion fish > ~/.config/fish/completions/zooctl.fish`,
		GroupID:     groupMore,
		Annotations: local(),
		Args:        exactly(1),
		ValidArgs:   shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Out, true)
			case "zsh":
				return root.GenZshCompletion(a.Out)
			case "fish":
				return root.GenFishCompletion(a.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Out)
			}
			return misused(cmd, "unknown shell %q: want bash, zsh, fish or powershell", args[0])
		},
	}
}
