package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Every command pays for what packages do before main: expressions are compiled by
// whoever uses them first, and nothing looks methods up by name, which would make
// the linker keep all of them.
func TestStartIsCheap(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		files++
		for _, what := range costly(file) {
			t.Errorf("%s %s: every command pays for it", filepath.ToSlash(path), what)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestStartIsCheapSees(t *testing.T) {
	const source = "package p\nimport _ \"html/template\"\nvar a = regexp.MustCompile(`x`)\nvar b = []s{{regexp.MustCompile(`y`)}}\nvar c = sync.OnceValue(func() any { return regexp.MustCompile(`z`) })\nfunc init() {}\n"
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := costly(file); len(got) != 4 {
		t.Errorf("sees %q", got)
	}
}

// costly is what the file does before main begins.
func costly(file *ast.File) (out []string) {
	for _, i := range file.Imports {
		if i.Path.Value == `"html/template"` || i.Path.Value == `"text/template"` {
			out = append(out, "imports "+i.Path.Value)
		}
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			out = append(out, "has an init")
		}
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			ast.Inspect(g, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "MustCompile" {
					out = append(out, "compiles an expression")
				}
				_, later := n.(*ast.FuncLit)
				return !later
			})
		}
	}
	return out
}
