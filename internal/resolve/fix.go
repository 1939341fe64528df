package resolve

import "cmp"

// Fix is a change after which there is an answer: of one thing or, where nothing
// alone helps, of several requirements.
type Fix struct {
	Kind    FixKind  `json:"kind"`
	Command string   `json:"command,omitempty"` // to type; "": there is none, Edit says what to write
	Edit    string   `json:"edit,omitempty"`
	Gives   []string `json:"gives,omitempty"` // "django 5.2": what comes of it for the packages of the chain
}

// FixKind is what is changed.
type FixKind string

// The kinds of fix, in the order in which they are told.
const (
	FixRequirement FixKind = "requirement" // one of the project's own becomes another
	FixPin         FixKind = "pin"         // a yanked version is asked for
	FixConstraint  FixKind = "constraint"  // one is dropped
	FixNoOverride  FixKind = "no-override" // one is dropped
	FixMinAge      FixKind = "min-age"     // of packages is lifted
	FixWaive       FixKind = "waive"       // what policy denies is lived with for a while
	FixPython      FixKind = "python"
	FixTargets     FixKind = "targets"  // fewer
	FixAsOf        FixKind = "as-of"    // later
	FixOverride    FixKind = "override" // what the project asks of a package counts, whatever others need
	FixRemove      FixKind = "remove"   // one of the project's own goes
)

// String is what to type, or to write.
func (f Fix) String() string { return cmp.Or(f.Command, f.Edit) }
