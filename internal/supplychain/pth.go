package supplychain

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/digest"
)

// template is a line of code of a .pth file that is known for what it does. The line
// itself is its author's; here stands the SHA-256 of it, with the names in it taken out
// as plain does.
type template struct {
	of     string // the only package that may bring it, or the file that may where it is of no package; "": any, since it runs no code of the package
	sha256 string
}

// templates are all of them: docs/signs.md says how one gets here, and a live test holds
// them to the packages that bring them.
func templates() []template {
	return []template{
		{"", "08459f370b7afc831fa509a33923082be9fd443cf57d20ab9b3ee8f18e2b5e49"},                 // namespace package, as setuptools made them until version 67
		{"", "ab302406568dad18354573134a7ec2cb2e94cba0059a570fa29d0464c195e178"},                 // the same, inside of another
		{"setuptools", "2f70c2fa9227e9db9348215d9c7b246d2786aac7516f86d71a5952c7c225aa16"},       // its own distutils comes first
		{"setuptools", "792f1e64bdbc639bc9e69672208025d82d37f615b5a6bbff981b444ec1f214a5"},       // the same where it is asked for, 50 to 59
		{"coverage", "2cbb286eeaf39b2cd7d68cb09c1bc3cfb0cc8d27da949004d0c22698f127f270"},         // measures a child process where a variable asks for it
		{"coverage", "c3b8d29a0e339d512307ed96990c65f1a8d157b35f698902fb9172e5ebab42ca"},         // the same, 7.13
		{"pytest-cov", "b8e1b828090bfec4b25656d04cd0948d3e70221ea8281ac0e12569eef48ae2a6"},       // the same, 2.1 to 6
		{"pytest-cov", "a29509e7bb2dd6dcd6097fcccd2e44f233576b547bfaa63051c7b25e5c34a0c9"},       // the same, 2.0
		{"_virtualenv.pth", "69ac3d8f27e679c81b94ab30b3b56e9cd138219b1ba94a1fa3606d5a76a1433d"},  // what virtualenv and uv put into an environment
		{"easy-install.pth", "3c12f997ec8b39dbe446522be277c956e5dbfc0cf8a5b5db24527198b267e7ce"}, // setuptools before 80, around the folders that it was told to use in place
		{"easy-install.pth", "de0dbd965e26d8442cc0ef1e5b8c5ef341c3f8d9323bbd21ba57bfcf654b4471"}, // the end of that
	}
}

// known tells whether the line of a package does what one of the templates does.
func known(all []template, pkg, line string) bool {
	sum := digest.Of([]byte(plain(line))).String()
	return slices.ContainsFunc(all, func(t template) bool {
		return t.sha256 == sum && (t.of == "" || t.of == pkg)
	})
}

// finder is how setuptools makes what a developer's tree is imported by.
var finder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^import (__editable___[A-Za-z0-9_]+_finder); (__editable___[A-Za-z0-9_]+_finder)\.install\(\)$`)
})

func editable(line string) bool {
	m := finder().FindStringSubmatch(strings.TrimSpace(line))
	return m != nil && m[1] == m[2]
}

// spaced is the tuple of names in the line by which setuptools once made namespace
// packages: the parts of the package's name.
var spaced = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\*\(((?:'[A-Za-z_][A-Za-z0-9_]*', ?)*'[A-Za-z_][A-Za-z0-9_]*',?)\)`)
})

// plain is the line without blanks at its end, and with the name of a namespace package
// in quotes, its parent and its last part, put as placeholders.
func plain(line string) string {
	line = strings.TrimSpace(line)
	m := spaced().FindStringSubmatch(line)
	if m == nil {
		return line
	}
	parts := strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune("', ", r) })
	last := len(parts) - 1
	for _, swap := range [][2]string{
		{m[0], "*(PARTS)"},
		{"'" + strings.Join(parts, ".") + "'", "NAME"},
		{"'" + strings.Join(parts[:last], ".") + "'", "PARENT"},
		{"'" + parts[last] + "'", "LAST"},
	} {
		line = strings.ReplaceAll(line, swap[0], swap[1])
	}
	return line
}
