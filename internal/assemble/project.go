package assemble

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/pytag"
	"snug/internal/wheel"
)

// firstParty are the projects whose code the runtime holds.
func (in *Input) firstParty() ([]*manifest.Local, error) {
	if !in.hasProject() {
		return nil, nil
	}
	return in.Project.FirstParty(in.Runtime, pytag.Environment(in.Target, in.Python))
}

// addProject installs a first-party project as an editable wheel would be:
// dist-info and launchers, while its code stays where it is. What depends on
// the place (direct_url.json, and RECORD, which lists it) is control.
func (in *Input) addProject(own *ownFiles, local *manifest.Local) error {
	m := own.manifest
	name := pep508.NormalizeName(local.Name)
	info := fmt.Sprintf("%s/%s-%s.dist-info", in.sitePackages(), strings.ReplaceAll(name, "-", "_"), local.Version)
	payload := map[string][]byte{
		info + "/METADATA":  local.Metadata,
		info + "/INSTALLER": []byte("snug\n"),
	}
	if len(local.EntryPoints) > 0 {
		payload[info+"/entry_points.txt"] = formatEntryPoints(local.EntryPoints)
	}
	for _, ep := range local.EntryPoints {
		script, err := wheel.ScriptName(ep)
		if err != nil {
			return fault.New(fault.Input, "see [project.scripts]", "%s: %w", path.Join(local.Dir, manifest.FileName), err)
		}
		if script != "" {
			payload[script] = wheel.Launcher(ep)
		}
	}
	if err := in.refuseOwned(m, name, payload); err != nil {
		return err
	}
	control := map[string][]byte{}
	if !in.Copy && !in.Shared { // what holds in one place only
		control[info+"/direct_url.json"] = in.directURL(local)
	}
	control[info+"/RECORD"] = in.record(info+"/RECORD", payload, control)
	for kind, files := range map[string]map[string][]byte{"": payload, generation.Control: control} {
		for path, data := range files {
			own.add(path, data, kind, name)
		}
	}
	m.Packages = append(m.Packages, generation.Package{Name: name, Version: local.Version})
	slices.SortFunc(m.Packages, func(a, b generation.Package) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func (in *Input) refuseOwned(m *generation.Manifest, name string, payload map[string][]byte) error {
	for _, f := range m.Files {
		if _, ok := payload[f.Path]; ok {
			return clash(f.Path, f.Owner, name, "with different content")
		}
	}
	return nil
}

func (in *Input) directURL(local *manifest.Local) []byte {
	u := url.URL{Scheme: "file", Path: path.Join(filepath.ToSlash(in.Project.Root), local.Dir)}
	data, err := json.Marshal(map[string]any{"url": u.String(), "dir_info": map[string]bool{"editable": true}})
	if err != nil {
		panic("snug: internal error: " + err.Error()) // strings and a bool always marshal
	}
	return append(data, '\n')
}

func (in *Input) record(own string, groups ...map[string][]byte) []byte {
	var entries []dist.RecordEntry
	for _, files := range groups {
		for path, data := range files {
			entries = append(entries, dist.RecordEntry{Path: path, Sum: digest.Of(data), Size: int64(len(data))})
		}
	}
	return dist.FormatRecord(wheel.RecordOf(in.sitePackages(), own, entries))
}

// formatEntryPoints writes entry_points.txt, sorted.
func formatEntryPoints(eps []dist.EntryPoint) []byte {
	eps = slices.Clone(eps)
	slices.SortFunc(eps, func(a, b dist.EntryPoint) int {
		return strings.Compare(a.Group+"\x00"+a.Name, b.Group+"\x00"+b.Name)
	})
	var b strings.Builder
	group := ""
	for _, ep := range eps {
		if ep.Group != group {
			group = ep.Group
			fmt.Fprintf(&b, "[%s]\n", group)
		}
		b.WriteString(ep.Name + " = " + ep.Module)
		if ep.Attr != "" {
			b.WriteString(":" + ep.Attr)
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

// addApp makes `app`: the project itself, by a link that holds as long as the
// two are moved together, or in what is delivered, a copy.
func (in *Input) addApp(own *ownFiles) error {
	if !in.hasProject() {
		return nil
	}
	if in.Copy {
		return in.copyApp(own)
	}
	to, err := filepath.Rel(in.at(), in.Project.Root)
	if err != nil {
		return err
	}
	if in.Shared { // Share makes it
		own.manifest.Files = append(own.manifest.Files, link("app", filepath.ToSlash(to)))
		return nil
	}
	own.link("app", filepath.ToSlash(to))
	return nil
}

// at is where the runtime is used from.
func (in *Input) at() string {
	if in.At != "" {
		return in.At
	}
	return in.Dest
}

// leftOut are names that are not delivered: history, caches, other
// environments, and files that usually hold secrets.
func leftOut(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".gitignore", ".snug", ".venv", "venv", "__pycache__", ".tox", ".nox", ".env", ".netrc",
		".pytest_cache", ".mypy_cache", ".ruff_cache", ".coverage", ".idea", ".vscode", ".DS_Store", "node_modules":
		return true
	}
	return strings.HasSuffix(name, ".pyc") || strings.HasSuffix(name, ".egg-info") ||
		name == "pylock.toml" || strings.HasPrefix(name, "pylock.") && strings.HasSuffix(name, ".toml")
}

// copyApp copies the first-party files to app/.
func (in *Input) copyApp(own *ownFiles) error {
	root := in.Project.Root
	return filepath.WalkDir(root, func(from string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, from)
		if err != nil {
			return err
		}
		name := path.Join("app", filepath.ToSlash(rel))
		switch {
		case rel != "." && (leftOut(d.Name()) || d.IsDir() && in.isRuntime(from)):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(in.Dest, filepath.FromSlash(name)), 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			return copyLink(own, from, rel, name)
		case !d.Type().IsRegular():
			return nil // sockets and the like are no part of a program
		}
		return in.copyOwn(own.manifest, from, name, d)
	})
}

// isRuntime keeps what snug wrote before, and is writing now, out of the copy.
func (in *Input) isRuntime(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(generation.ManifestPath)))
	return err == nil || dir == filepath.Clean(in.Dest)
}

func (in *Input) copyOwn(m *generation.Manifest, from, name string, d fs.DirEntry) error {
	st, err := d.Info()
	if err != nil {
		return err
	}
	mode := "0644"
	if st.Mode()&0o111 != 0 {
		mode = "0755"
	}
	to := filepath.Join(in.Dest, filepath.FromSlash(name))
	if err := copyFile(from, to, mode); err != nil {
		return err
	}
	r, err := os.Open(to)
	if err != nil {
		return err
	}
	sum, size, err := digest.OfReader(r)
	m.Files = append(m.Files, generation.File{Path: name, Mode: mode, SHA256: sum.String(), Size: size, Owner: generation.OwnerSnug, Kind: generation.Control})
	return errors.Join(err, r.Close())
}

// copyLink keeps a symbolic link that stays in the project; another one is
// named, since it would not hold elsewhere.
func copyLink(own *ownFiles, from, rel, name string) error {
	to, err := os.Readlink(from)
	if err != nil {
		return err
	}
	if filepath.IsAbs(to) || !filepath.IsLocal(filepath.Join(filepath.Dir(rel), to)) {
		own.manifest.Notes = append(own.manifest.Notes, fmt.Sprintf("%s points out of the project and was left out", filepath.ToSlash(rel)))
		return nil
	}
	own.link(name, filepath.ToSlash(to))
	return nil
}
