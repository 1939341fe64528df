package supplychain

import (
	"fmt"

	"snug/internal/finding"
	"snug/internal/inventory"
)

// OfFacts tells the signs in the files of a distribution that was unpacked from an
// artifact: code that runs whenever Python starts, other than what is known. Of an
// interpreter there are none.
func OfFacts(f *inventory.Facts) []finding.Finding { return ofFacts(f, false) }

// OfInstalled is OfFacts of a distribution that somebody installed where it was found:
// there, what makes a developer's tree importable is known too. No index has wheels with
// that, so in an artifact it is code like any other.
func OfInstalled(f *inventory.Facts) []finding.Finding { return ofFacts(f, true) }

func ofFacts(f *inventory.Facts, installed bool) []finding.Finding {
	var out []finding.Finding
	name, version := f.Package.Name, f.Package.Version
	var lines []string
	for _, p := range f.Pth {
		if p.SHA256 == "" {
			lines = append(lines, p.Path+": it could not be read, so that nobody knows what it runs")
		}
		for _, line := range p.Code {
			if !known(templates(), name, line) && !(installed && editable(line)) {
				lines = append(lines, p.Path+": "+line)
			}
		}
	}
	if len(lines) > 0 {
		one := sign(PthCode, name, version, "it runs code of its own whenever Python starts, also where it is not imported", lines...)
		one.Remedy = "read the lines; if they are what you want: " + waive(PthCode, name)
		if f.Package.Class == "" {
			one.PURL, one.Summary = "", "no package has it, and it runs code whenever Python starts"
			one.Remedy = "read the lines; if nobody here wrote them, treat the machine as taken over"
		}
		out = append(out, one)
	}
	if len(f.Hooks) > 0 {
		evidence := make([]string, 0, len(f.Hooks))
		for _, path := range f.Hooks {
			evidence = append(evidence, fmt.Sprintf("%s is imported whenever Python starts", path))
		}
		one := sign(SiteCustomize, name, version, "it takes a module that belongs to the machine's owner, and runs whenever Python starts", evidence...)
		one.Remedy = "read it; if it is what you want: " + waive(SiteCustomize, name)
		out = append(out, one)
	}
	return out
}

// waive is the command that lets a sign of one package pass for a while.
func waive(rule, name string) string {
	return "snug waive " + rule + " --package " + name + " --until DATE --reason TEXT"
}
