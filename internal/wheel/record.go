package wheel

import (
	"encoding/json"
	"path"
	"sort"
	"strings"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/pep440"
)

// agreeVersion compares versions as PEP 440 does: 1.0 and 1.0.0 are one.
func (in *install) agreeVersion(text string) error {
	v, err := pep440.Parse(text)
	if err != nil {
		return in.broken("METADATA: %w", err)
	}
	if v.Compare(in.name.Version) != 0 {
		return in.broken("METADATA has version %s, the file name %s", text, in.name.Version)
	}
	return nil
}

// readRecord reads RECORD and looks for what it lists and the wheel lacks.
// Real wheels have such entries, and lack others; both are noted. A hash that
// is there must hold.
func (in *install) readRecord() error {
	raw, err := in.zip.ReadFile(in.distInfo+"/RECORD", maxRecord)
	if err != nil {
		return in.broken("no RECORD: %w", err)
	}
	entries, err := dist.ParseRecord(raw)
	if err != nil {
		return in.broken("RECORD: %w", err)
	}
	in.record = make(map[string]dist.RecordEntry, len(entries))
	for _, e := range entries {
		in.record[e.Path] = e
	}
	present := map[string]bool{}
	for _, f := range in.zip.Files() {
		present[f.Name] = true
	}
	for _, e := range entries {
		if !present[e.Path] && !strings.HasSuffix(e.Path, "/") {
			in.note("RECORD lists %s, which the wheel lacks", e.Path)
		}
	}
	return nil
}

// verify holds entry i to its line in RECORD.
func (in *install) verify(i int, name string, sum digest.SHA256) error {
	e, ok := in.record[name]
	switch {
	case !ok:
		in.notes[i] = name + " is not in RECORD"
	case e.Sum.IsZero():
		in.notes[i] = "RECORD has no sha256 of " + name
	case e.Sum != sum:
		return in.broken("content has sha256 %s, RECORD says %s", sum, e.Sum)
	}
	return nil
}

func (in *install) installer() error {
	return in.write(in.site+"/"+in.distInfo+"/INSTALLER", 0o644, []byte("snug\n"))
}

// directURL writes where the wheel came from when that is not an index (PEP 610).
func (in *install) directURL() error {
	if in.opt.URL == "" {
		return nil
	}
	info := map[string]any{}
	if in.opt.SHA256 != "" {
		info["hashes"] = map[string]string{"sha256": in.opt.SHA256}
	}
	data, err := json.Marshal(map[string]any{"url": in.opt.URL, "archive_info": info})
	if err != nil {
		return err
	}
	return in.write(in.site+"/"+in.distInfo+"/direct_url.json", 0o644, append(data, '\n'))
}

// writeRecord lists what was written, by paths relative to site-packages, as
// "Recording installed projects" wants it: sorted, itself without a hash.
func (in *install) writeRecord() error {
	own := in.site + "/" + in.distInfo + "/RECORD"
	return in.write(own, 0o644, dist.FormatRecord(RecordOf(in.site, own, in.entries())))
}

func (in *install) entries() []dist.RecordEntry {
	out := make([]dist.RecordEntry, 0, len(in.files))
	for _, f := range in.files {
		sum, err := digest.Parse(f.SHA256)
		if err != nil {
			continue // sums were made by add, from a digest
		}
		out = append(out, dist.RecordEntry{Path: f.Path, Sum: sum, Size: f.Size})
	}
	return out
}

// RecordOf makes RECORD's lines for files at runtime-relative paths: relative
// to site, sorted, with own (RECORD itself) added without a hash.
func RecordOf(site, own string, files []dist.RecordEntry) []dist.RecordEntry {
	out := append([]dist.RecordEntry{{Path: own, Size: -1}}, files...)
	for i := range out {
		out[i].Path = relative(site, out[i].Path)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

// relative is target as seen from the folder base; both lie in the runtime.
func relative(base, target string) string {
	if rest, ok := strings.CutPrefix(target, base+"/"); ok {
		return rest
	}
	return path.Join(strings.Repeat("../", strings.Count(base, "/")+1), target)
}
