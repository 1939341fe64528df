package build

import (
	"fmt"

	"snug/internal/sandbox"
)

// Cause is why a build failed, as far as its end tells.
type Cause struct {
	Kind   string // stable: "header", "library", "compiler", …
	Text   string // one line
	Remedy string // one line
	Name   string // what is missing, "" for causes of another kind
}

const otherwise = "read the last lines of its log; another version may build"

// find tells the cause from what the sandbox saw, what the driver answered and the
// end of the log, in this order of trust.
func find(log string, said answer, result *sandbox.Result) Cause {
	if result.Killed != "" {
		return Cause{Kind: "limit", Name: result.Killed, Text: "it was stopped at the limit of " + result.Killed, Remedy: "raise the limit if the build is to be trusted"}
	}
	switch said.Kind {
	case "module":
		return Cause{Kind: "requirement", Name: said.Text, Text: fmt.Sprintf("a build requirement is missing: module %s", said.Text),
			Remedy: "add what provides it to the recipe of the package"}
	case "":
		return Cause{Kind: "crash", Text: fmt.Sprintf("its backend ended without an answer (exit code %d)", result.Exit), Remedy: otherwise}
	}
	return Cause{Kind: said.Kind, Text: said.Text, Remedy: otherwise}
}
