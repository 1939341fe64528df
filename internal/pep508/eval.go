package pep508

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/pep440"
)

// Environment holds the variables of PEP 508 for one interpreter on one
// platform. A field that is "" is the empty string, as PEP 508 says of what
// an implementation cannot tell.
type Environment struct {
	OSName                       string
	SysPlatform                  string
	PlatformMachine              string
	PlatformPythonImplementation string
	PlatformRelease              string
	PlatformSystem               string
	PlatformVersion              string
	PythonVersion                string
	PythonFullVersion            string
	ImplementationName           string
	ImplementationVersion        string
}

// Context holds what is asked for where the marker stands: the one extra of
// core metadata, or the sets of a lock file (PEP 751).
type Context struct {
	Extra            string
	Extras           []string
	DependencyGroups []string
}

// UndefinedError says that a comparison has no meaning: PEP 508 leaves ~= and
// === of strings that are no versions, and sets outside in, undefined.
type UndefinedError struct{ Comparison, Reason string }

func (e *UndefinedError) Error() string {
	return fmt.Sprintf("marker comparison %s is undefined: %s", e.Comparison, e.Reason)
}

// Eval decides m for env and ctx. A nil marker is true. Every comparison is
// decided, as in the reference implementation: an undefined one is an
// *UndefinedError even where it would not change the result.
func (m *Marker) Eval(env Environment, ctx Context) (bool, error) {
	if m == nil {
		return true, nil
	}
	return m.root.eval(&env, &ctx)
}

func (e *expression) eval(env *Environment, ctx *Context) (bool, error) {
	any, all := false, true
	for i, t := range e.terms {
		if i > 0 && e.or[i-1] {
			any, all = any || all, true
		}
		ok, err := t.eval(env, ctx)
		if err != nil {
			return false, err
		}
		all = all && ok
	}
	return any || all, nil
}

func (t term) eval(env *Environment, ctx *Context) (bool, error) {
	if t.group != nil {
		return t.group.eval(env, ctx)
	}
	return t.compare.eval(env, ctx)
}

func (c *comparison) eval(env *Environment, ctx *Context) (bool, error) {
	key := c.left.variable
	if key == "" {
		key = c.right.variable
	}
	switch {
	case key == "":
		return false, c.undefined("it names no variable")
	case setVariable(c.left.variable):
		return false, c.undefined("a set can only stand after in")
	case setVariable(c.right.variable):
		return c.evalSet(env, ctx)
	}
	left, right := c.left.value(env, ctx), c.right.value(env, ctx)
	if versionVariable(key) {
		if s, err := pep440.ParseSpecifier(c.op + right); err == nil {
			return pep440.Specifiers{s}.ContainsText(left), nil
		}
	}
	return c.evalStrings(left, right)
}

func (c *comparison) evalSet(env *Environment, ctx *Context) (bool, error) {
	set := ctx.Extras
	if c.right.variable == "dependency_groups" {
		set = ctx.DependencyGroups
	}
	want := NormalizeName(c.left.value(env, ctx))
	has := slices.ContainsFunc(set, func(s string) bool { return NormalizeName(s) == want })
	switch c.op {
	case "in":
		return has, nil
	case "not in":
		return !has, nil
	}
	return false, c.undefined("a set can only stand after in")
}

// evalStrings is the fallback of PEP 508 for what is no version: strings have
// no order, so <= and >= are equality and < and > never hold.
func (c *comparison) evalStrings(left, right string) (bool, error) {
	switch c.op {
	case "==", "<=", ">=":
		return left == right, nil
	case "!=":
		return left != right, nil
	case "<", ">":
		return false, nil
	case "in":
		return strings.Contains(right, left), nil
	case "not in":
		return !strings.Contains(right, left), nil
	}
	return false, c.undefined(fmt.Sprintf("%q is not compared as a version", right))
}

func (c *comparison) undefined(reason string) error {
	return &UndefinedError{Comparison: c.left.String() + " " + c.op + " " + c.right.String(), Reason: reason}
}

func versionVariable(name string) bool {
	switch name {
	case "python_version", "python_full_version", "implementation_version", "platform_release":
		return true
	}
	return false
}

func (o operand) value(env *Environment, ctx *Context) string {
	switch o.variable {
	case "":
		return o.literal
	case "extra":
		return NormalizeName(ctx.Extra)
	case "os_name":
		return env.OSName
	case "sys_platform":
		return env.SysPlatform
	case "platform_machine":
		return env.PlatformMachine
	case "platform_python_implementation":
		return env.PlatformPythonImplementation
	case "platform_release":
		return env.PlatformRelease
	case "platform_system":
		return env.PlatformSystem
	case "platform_version":
		return env.PlatformVersion
	case "python_version":
		return env.PythonVersion
	case "python_full_version":
		return repairFullVersion(env.PythonFullVersion)
	case "implementation_name":
		return env.ImplementationName
	case "implementation_version":
		return env.ImplementationVersion
	}
	panic("snug: internal error: marker variable " + o.variable)
}

// repairFullVersion makes the 3.15.0a1+ of an untagged build a version.
func repairFullVersion(v string) string {
	if strings.HasSuffix(v, "+") {
		return v + "local"
	}
	return v
}
