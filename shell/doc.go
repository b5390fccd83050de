// Package shell reads lines, splits them into words and runs them: from a terminal,
// where it edits them, keeps their history and completes them, or from anything else.
// What the words mean is not its business: it is given functions.
//
// It promises:
//
//   - The terminal is left as it was found, however the shell ends, and while a
//     command runs it is in its usual mode.
//   - Ctrl-C stops the command that runs, or clears the line that is typed; it does
//     not end the shell. SIGTERM, SIGHUP and a terminal that is closed end it in good
//     order: Interactive returns, so that its caller can clear up.
//   - Completion never holds up a key: what is not known at once is shown when it
//     comes.
//   - Lines that do not come from a person stop at the first that fails.
//
// It knows no command, expands no variable and no pattern, and never exits the
// program.
package shell
