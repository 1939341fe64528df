package advisory

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"snug/internal/osv"
)

// record is one OSV record with the bytes it was read from.
type record struct {
	kind Kind
	data []byte
	*osv.Record
}

// contents are what a snapshot is compiled from.
type contents struct {
	records []record
	feeds   []FeedInfo // one for each kind that there is, with Kind, Source and Fetched set
	epss    scores
	kev     catalogue
}

// magic begins every compiled file; the number is the version of its format.
const magic = "snug advisories 1\n"

// The sections of the file, in their order.
const (
	secNames    = iota // table: class and name -> block of packages
	secPackages        // blocks: what is affected, by name
	secHoles           // blocks: groups
	secIDs             // table: id and kind -> block of records
	secRecords         // blocks: when a record was changed, and where its JSON is
	secJSON            // blocks: records as they came
	secSignals         // EPSS and KEV, for the next compilation
	sections
)

// head is the part that is read when a file is opened.
type head struct {
	Info     Info            `json:"info"`
	Sections [sections]int64 `json:"sections"` // sizes
	Sums     [sections]int64 `json:"sums"`     // checksums of the tables, 0 of what is read by blocks
}

// compile makes the file, and says what is in it. now is the moment against which
// dates count as future. Of records with one id and kind the newest counts.
func compile(c contents, now time.Time) ([]byte, error) {
	c.records = newestOf(c.records)
	g := newGroups(3 * len(c.records))
	for _, r := range c.records {
		g.of(r.ID)
		for _, alias := range r.Aliases {
			g.join(r.ID, alias)
		}
	}
	b := &builder{contents: c, groups: g, holes: g.holes(), spans: map[int]span{}, affected: map[Key][]row{}, now: now}
	b.rate()
	b.index()
	return b.file()
}

// newestOf drops all but the newest of records with one id and kind.
func newestOf(all []record) []record {
	slices.SortStableFunc(all, func(a, b record) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(string(a.kind), string(b.kind)), b.Modified.Compare(a.Modified))
	})
	return slices.CompactFunc(all, func(a, b record) bool { return a.ID == b.ID && a.kind == b.kind })
}

// builder holds a compilation under way.
type builder struct {
	contents
	*groups
	holes    map[int]*hole
	spans    map[int]span // of the holes, by root
	affected map[Key][]row
	now      time.Time

	packages, holeBlocks, recordBlocks, jsons heap
	names, ids                                []entry
}

// row is one affected package of a record, encoded, with its group.
type row struct {
	body []byte
	root int
}

// rate gives each hole the severity and the signals of all its records and ids.
func (b *builder) rate() {
	for _, r := range b.records {
		h := b.holes[b.root(b.of(r.ID))]
		h.severity = graver(h.severity, severityOf(r.Record))
	}
	for _, root := range sortedRoots(b.holes) {
		h := b.holes[root]
		for _, id := range h.ids {
			h.exploitation = b.epss.join(h.exploitation, id)
			h.exploitation = b.kev.join(h.exploitation, id)
		}
		b.spans[root] = b.holeBlocks.add(h.block())
	}
}

func sortedRoots(holes map[int]*hole) []int {
	out := make([]int, 0, len(holes))
	for root := range holes {
		out = append(out, root)
	}
	slices.Sort(out)
	return out
}

// index fills the tables.
func (b *builder) index() {
	for i := range b.records {
		r := &b.records[i]
		b.addRecord(r)
		b.addAffected(r)
	}
	for key, rows := range b.affected {
		b.addName(key, rows)
	}
	slices.SortFunc(b.names, func(x, y entry) int { return strings.Compare(x.key, y.key) })
	for i := range b.feeds {
		b.count(&b.feeds[i])
	}
}

func (b *builder) addRecord(r *record) {
	var w writer
	w.text(string(r.kind))
	w.num(uint64(r.Modified.UnixMicro()))
	w.span(b.jsons.add(r.data))
	b.ids = append(b.ids, entry{key: r.ID + "\x00" + string(r.kind), block: b.recordBlocks.add(w.b)})
}

func (b *builder) addAffected(r *record) {
	root := b.root(b.of(r.ID))
	for i := range r.Affected {
		a := &r.Affected[i]
		keys := r.kind.keysOf(a)
		if len(keys) == 0 {
			continue
		}
		body := bodyOf(r.Record, a)
		for _, key := range keys {
			b.affected[key] = append(b.affected[key], row{body, root})
		}
	}
}

// bodyOf is what a match needs of one affected package of a record.
func bodyOf(r *osv.Record, a *osv.Affected) []byte {
	var w writer
	w.text(r.ID)
	w.flag(r.Withdrawn != nil)
	w.text(lineOf(r))
	w.text(a.Package.Ecosystem)
	ranges := slices.DeleteFunc(slices.Clone(a.Ranges), func(g osv.Range) bool { return g.Type != osv.TypeEcosystem && g.Type != osv.TypeSemver })
	w.int(len(ranges))
	for _, g := range ranges {
		w.text(g.Type)
		w.int(len(g.Events))
		for _, e := range g.Events {
			w.text(e.Introduced)
			w.text(e.Fixed)
			w.text(e.LastAffected)
			w.text(e.Limit)
		}
	}
	w.texts(a.Beyond())
	return w.b
}

// maxLine is how much of a record is told on one line.
const maxLine = 200

// lineOf is the summary, or the first paragraph of the details, without control
// characters.
func lineOf(r *osv.Record) string {
	text := strings.TrimSpace(r.Summary)
	if text == "" {
		text, _, _ = strings.Cut(strings.ReplaceAll(strings.TrimLeft(strings.TrimSpace(r.Details), "# "), "\r", ""), "\n\n")
	}
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 }), " ")
	if len(text) <= maxLine {
		return strings.ToValidUTF8(text, "?")
	}
	at := strings.LastIndexByte(text[:maxLine], ' ')
	if at < maxLine/2 {
		at = maxLine
	}
	return strings.ToValidUTF8(text[:at], "") + " …"
}

// addName writes the block of one name, in the order of its records.
func (b *builder) addName(key Key, rows []row) {
	slices.SortStableFunc(rows, func(x, y row) int { return slices.Compare(x.body, y.body) })
	hash := fnv.New64a()
	var w writer
	for _, r := range rows {
		w.int(len(r.body))
		w.b = append(w.b, r.body...)
		w.span(b.spans[r.root])
		hash.Write(r.body)
		hash.Write(binary.LittleEndian.AppendUint32(nil, b.spans[r.root].crc))
	}
	b.names = append(b.names, entry{key: key.text(), block: b.packages.add(w.b), hash: hash.Sum64()})
}

func (k Key) text() string { return string(k.Class) + "\x00" + k.Name }

// count fills the numbers of a feed.
func (b *builder) count(f *FeedInfo) {
	switch f.Kind {
	case EPSS:
		f.Records, f.Newest = len(b.epss.of), b.epss.day
		return
	case KEV:
		f.Records, f.Newest = len(b.kev.of), b.kev.day
		return
	}
	*f = FeedInfo{Kind: f.Kind, Source: f.Source, Fetched: f.Fetched}
	for key := range b.affected {
		if Kind(key.Class) == f.Kind {
			f.Packages++
		}
	}
	for _, r := range b.records {
		if r.kind == f.Kind {
			f.add(r.Record, b.now)
		}
	}
}

func (f *FeedInfo) add(r *osv.Record, now time.Time) {
	f.Records++
	if r.Withdrawn != nil {
		f.Withdrawn++
	}
	if strings.HasPrefix(r.ID, malware) {
		f.Malware++
	}
	if r.Modified.After(now.Add(clockSkew)) {
		f.Future++
	} else if r.Modified.After(f.Newest) {
		f.Newest = r.Modified
	}
	ours, unread := false, false
	for i := range r.Affected {
		if len(f.Kind.keysOf(&r.Affected[i])) > 0 {
			ours = true
			unread = unread || r.Affected[i].Unreadable()
		}
	}
	if !ours {
		f.Elsewhere++
	}
	if unread {
		f.Unread++
	}
}

// clockSkew is how far ahead of this machine's clock a date may be.
const clockSkew = 24 * time.Hour

// file puts the sections behind their head.
func (b *builder) file() ([]byte, error) {
	var body [sections][]byte
	body[secNames], body[secPackages], body[secHoles] = table(b.names), b.packages.b, b.holeBlocks.b
	body[secIDs], body[secRecords], body[secJSON] = table(b.ids), b.recordBlocks.b, b.jsons.b
	body[secSignals] = b.signals()
	h := head{Info: b.info()}
	for i, s := range body {
		h.Sections[i] = int64(len(s))
		if i == secNames || i == secIDs || i == secSignals {
			h.Sums[i] = int64(sum(s))
		}
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	out := append([]byte(magic), 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(out[len(magic):], uint32(len(text)))
	binary.LittleEndian.PutUint32(out[len(magic)+4:], sum(text))
	return slices.Concat(append([][]byte{out, text}, body[:]...)...), nil
}

func (b *builder) info() Info {
	i := Info{Groups: len(b.holes), Feeds: b.feeds}
	for _, f := range b.feeds {
		if !f.Kind.ofRecords() {
			continue
		}
		if f.Newest.After(i.Made) {
			i.Made = f.Newest
		}
		if i.Fetched.IsZero() || f.Fetched.Before(i.Fetched) {
			i.Fetched = f.Fetched
		}
	}
	return i
}
