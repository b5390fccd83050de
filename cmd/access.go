package cmd

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// What a command does to the ensemble. Every command that runs carries one of
// these, and TestTree insists: it is what --read-only, protected contexts and
// the generated documents go by. The numbers are the exit codes that the
// command can give besides those that every command of its kind can.
func reads(codes ...int) map[string]string {
	return access("reads", []int{0, 64, 66, 69, 70, 75, 77, 79, signals}, codes)
}

func writes(codes ...int) map[string]string {
	return access("writes", []int{0, 64, 65, 66, 69, 70, 74, 75, 77, 79, signals}, codes)
}

// local is for a command that speaks to no server of an ensemble, or to none
// as a client: it asks the machine.
func local(codes ...int) map[string]string {
	return access("local", []int{0, 64, 70, signals}, codes)
}

func access(kind string, usual, more []int) map[string]string {
	all := slices.Concat(usual, more)
	slices.Sort(all)
	text := make([]string, 0, len(all))
	for _, code := range slices.Compact(all) {
		text = append(text, strconv.Itoa(code))
	}
	return map[string]string{"access": kind, "exits": strings.Join(text, " ")}
}

// shareless marks a command as one that only a shell has: it works on what
// the lines of a shell share.
func shareless(annotations map[string]string) map[string]string {
	annotations = maps.Clone(annotations)
	annotations["shell"] = "only"
	return annotations
}

// exits returns the exit codes that cmd can give, in order.
func exits(cmd *cobra.Command) []int {
	var codes []int
	for word := range strings.FieldsSeq(cmd.Annotations["exits"]) {
		if code, err := strconv.Atoi(word); err == nil {
			codes = append(codes, code)
		}
	}
	return codes
}
