// Package internal_test holds the layer table: who may import whom, who may dial, who may execute.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "snug/internal/"

// bench measures snug from outside: it runs programs and serves them an index.
const bench = "bench"

// layer is a row of the table. An ordered layer may import what stands left in it.
type layer struct {
	name     string
	ordered  bool
	packages []string
}

// The table, from the top. A package imports lower layers only.
var layers = []layer{
	{"beside the product", false, []string{bench}},
	{"fronts", true, []string{"osvapi", "cli"}},
	{"wiring", false, []string{"engine"}},
	{"stages", false, []string{"resolve", "vet", "assemble", "prove"}},
	{"tools", true, []string{"sandbox", "attest", "pubgrub", "index", "store", "sdist", "interp", "wheel", "repro", "build", "cpython",
		"advisory", "licensetext", "inventory", "pep740", "supplychain", "sbom", "vex"}},
	{"documents", true, []string{"component", "finding", "event", "toml", "approvals", "policy", "manifest", "lock", "foreign", "generation"}},
	{"words", true, []string{"pep440", "license", "pep508", "cooldown", "pytag", "dist", "elf", "osv"}},
	{"ground", true, []string{"fault", "digest", "fetch", "archive", "rootfs", "term", "conformance"}},
}

// Only these speak HTTP's types, and of the product only fetch opens a connection.
var mayName = []string{"fetch", "index/indextest", bench}

// Only osvapi waits for connections, and opens none.
var (
	mayListen = []string{"osvapi"}
	listens   = []string{"Listen", "ListenAndServe", "Serve"}
)

// nets are what opens a connection by itself.
var nets = map[string][]string{
	"net":      {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "Dialer", "Listen", "ListenPacket", "Lookup"},
	"net/http": {"Get", "Head", "Post", "PostForm", "Client", "DefaultClient", "Transport", "DefaultTransport", "ListenAndServe", "Serve"},
}

func TestLayers(t *testing.T) {
	walk(t, func(t *testing.T, file, pkg string, f *ast.File) {
		for _, spec := range f.Imports {
			imported := unquote(spec)
			if target, ok := strings.CutPrefix(imported, module); ok {
				if reason := forbidden(pkg, target); reason != "" {
					t.Errorf("%s imports %s: %s", file, imported, reason)
				}
			}
		}
	})
}

// Only these start programs: interp runs what the user runs, sandbox what strangers wrote.
var mayExecute = []string{"interp", "sandbox", bench}

func TestOnlyInterpAndSandboxExecute(t *testing.T) {
	walk(t, func(t *testing.T, file, pkg string, f *ast.File) {
		for _, spec := range f.Imports {
			if unquote(spec) == "os/exec" && !slices.Contains(mayExecute, pkg) {
				t.Errorf("%s imports os/exec: only interp and sandbox start programs", file)
			}
		}
		for _, use := range uses(f, "os", []string{"StartProcess"}) {
			t.Errorf("%s uses os.%s: only interp and sandbox start programs", file, use)
		}
	})
}

func TestOnlyFetchDials(t *testing.T) {
	walk(t, func(t *testing.T, file, pkg string, f *ast.File) {
		if pkg == "fetch" {
			return
		}
		for imported, names := range nets {
			for _, use := range uses(f, imported, names) {
				if !slices.Contains(mayName, pkg) && !(slices.Contains(mayListen, pkg) && slices.Contains(listens, use)) {
					t.Errorf("%s uses %s.%s: only fetch opens connections", file, imported, use)
				}
			}
		}
	})
}

// Every package has its row, so that a new one cannot pass by.
func TestEveryPackageHasALayer(t *testing.T) {
	walk(t, func(t *testing.T, file, pkg string, _ *ast.File) {
		if row, _ := place(pkg); row < 0 {
			t.Errorf("%s: package %s stands in no layer", file, pkg)
		}
	})
}

func TestForbidden(t *testing.T) {
	cases := []struct {
		from, to string
		ok       bool
	}{
		{"cli", "engine", true}, {"engine", "cli", false}, {"resolve", "assemble", false}, {"resolve", "pubgrub", true},
		{"wheel", "store", true}, {"store", "wheel", false}, {"fault", "digest", false}, {"fetch", "fault", true},
		{"index/indextest", "index", true}, {"cli", "unheard", false}, {"bench", "fetch", true}, {"cli", "bench", false}, {"pytag", "pep508", true}, {"pep508", "pytag", false},
	}
	for _, c := range cases {
		if got := forbidden(c.from, c.to) == ""; got != c.ok {
			t.Errorf("%s imports %s: allowed %v, want %v", c.from, c.to, got, c.ok)
		}
	}
}

// forbidden says why from may not import to, "" if it may.
func forbidden(from, to string) string {
	fromRow, fromColumn := place(from)
	toRow, toColumn := place(to)
	switch {
	case fromRow < 0 || toRow < 0:
		return "one of them stands in no layer"
	case root(from) == root(to) || toRow > fromRow:
		return ""
	case toRow < fromRow:
		return layers[toRow].name + " is above " + layers[fromRow].name
	case !layers[fromRow].ordered:
		return layers[fromRow].name + " do not import one another"
	case toColumn > fromColumn:
		return to + " stands to the right of " + from + " in " + layers[fromRow].name
	}
	return ""
}

func root(pkg string) string {
	first, _, _ := strings.Cut(pkg, "/")
	return first
}

func place(pkg string) (row, column int) {
	for row, l := range layers {
		if column := slices.Index(l.packages, root(pkg)); column >= 0 {
			return row, column
		}
	}
	return -1, -1
}

// uses lists which of names the file takes from the imported package.
func uses(f *ast.File, imported string, names []string) []string {
	local := ""
	for _, spec := range f.Imports {
		if unquote(spec) == imported {
			local = path.Base(imported)
			if spec.Name != nil {
				local = spec.Name.Name
			}
		}
	}
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && local != "" {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, sel.Sel.Name) {
				found = append(found, sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

// walk visits every Go file below that is not a test.
func walk(t *testing.T, visit func(t *testing.T, file, pkg string, f *ast.File)) {
	t.Helper()
	files := token.NewFileSet()
	seen := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		seen++
		visit(t, filepath.ToSlash(name), filepath.ToSlash(filepath.Dir(name)), f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Fatal("no files")
	}
}

func unquote(spec *ast.ImportSpec) string {
	text, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return text
}
