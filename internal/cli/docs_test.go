package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// docs/formats.md names every setting with its variable, and what each command
// finds; every command has examples.
func TestFormatsIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	says := func(word string) {
		if !strings.Contains(string(text), word) {
			t.Errorf("docs/formats.md does not say %s", word)
		}
	}
	for _, name := range settingNames {
		says("`--" + name)
		says("`" + variable(name) + "`")
	}
	root := (&app{}).root()
	known := 0
	for _, f := range settingNames {
		if root.PersistentFlags().Lookup(f) != nil {
			known++
		}
	}
	if all := strings.Count(root.PersistentFlags().FlagUsages(), "--"); known != len(settingNames) || all != known {
		t.Errorf("%d of %d settings are flags, of %d", known, len(settingNames), all)
	}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if !c.HasSubCommands() {
			says("`" + strings.TrimPrefix(c.CommandPath(), "snug ") + "`")
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// The flags of the commands that vet are in docs/formats.md, each beside its commands.
func TestFormatsNamesFlagsOfVetting(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	root := (&app{}).root()
	for _, name := range []string{"check", "audit", "advisories update", "advisories import", "advisories serve", "review", "approve", "waive",
		"policy test", "sbom", "vex", "vex check", "notice"} {
		c, _, err := root.Find(strings.Fields(name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(c.LocalNonPersistentFlags().FlagUsages()) {
			said := regexp.MustCompile("(?m)^\\| .*`" + flag.FindString(line) + "[` ].*\\|.*`" + name + "`")
			if !said.MatchString(string(text)) {
				t.Errorf("docs/formats.md does not say %s of %s", flag.FindString(line), name)
			}
		}
	}
}
