package advisory

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"snug/internal/component"
	"snug/internal/fault"
	"snug/internal/osv"
)

// maxHead bounds the head of a compiled file.
const maxHead = 1 << 20

// DB is a compiled snapshot that is open: of it little more than the tables of
// names is in memory. It is safe for concurrent use. Close it where it came from a
// file.
type DB struct {
	info     Info
	sections [sections]section
	sums     [sections]int64
	close    func() error
	wanted   map[Kind]string // sources of feeds that are set
	overlays []Overlay       // that count

	names, ids func() (rows, error)
	asked      *asked
}

// asked is what was read of names: a resolver asks of every version of one. What is
// in it does not change.
type asked struct {
	mu sync.Mutex
	of map[Key][]affected
}

// open reads the head of a compiled file.
func open(from io.ReaderAt, size int64) (*DB, error) {
	fixed := make([]byte, len(magic)+8)
	if _, err := from.ReadAt(fixed, 0); err != nil || !bytes.HasPrefix(fixed, []byte("snug advisories ")) {
		return nil, errDamaged
	}
	if string(fixed[:len(magic)]) != magic {
		return nil, errors.New("another version of snug compiled it")
	}
	n := binary.LittleEndian.Uint32(fixed[len(magic):])
	if n > maxHead {
		return nil, errDamaged
	}
	text := make([]byte, n)
	if _, err := from.ReadAt(text, int64(len(fixed))); err != nil || sum(text) != binary.LittleEndian.Uint32(fixed[len(magic)+4:]) {
		return nil, errDamaged
	}
	var h head
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, errDamaged
	}
	d := &DB{info: h.Info, sums: h.Sums, asked: &asked{of: map[Key][]affected{}}, close: func() error { return nil }}
	at := int64(len(fixed)) + int64(n)
	for i, s := range h.Sections {
		if s < 0 || s > size-at {
			return nil, errDamaged
		}
		d.sections[i] = section{from, at, s}
		at += s
	}
	if at != size {
		return nil, errDamaged
	}
	d.names = sync.OnceValues(func() (rows, error) { return d.table(secNames) })
	d.ids = sync.OnceValues(func() (rows, error) { return d.table(secIDs) })
	return d, nil
}

// openFile opens a snapshot; the error says which and what to do.
func openFile(path string) (*DB, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Failed, "snug advisories update makes a new one", "advisory data: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	d, err := open(f, st.Size())
	if err != nil {
		f.Close()
		return nil, damaged(path, err)
	}
	d.close = f.Close
	return d, nil
}

func damaged(what string, err error) error {
	return fault.New(fault.Integrity, "snug advisories update makes a new one", "advisory data %s: %w", what, err)
}

// Close gives the file up.
func (d *DB) Close() error { return d.close() }

// Info tells what there is. The caller must not change it.
func (d *DB) Info() Info { return d.info }

func (d *DB) whole(i int) ([]byte, error) {
	return d.sections[i].read(span{size: uint64(d.sections[i].size), crc: uint32(d.sums[i])})
}

func (d *DB) table(i int) (rows, error) {
	b, err := d.whole(i)
	return rows{string(b)}, err
}

// affected is one affected package of one record, as it was compiled.
type affected struct {
	osv.Affected
	id        string
	withdrawn bool
	summary   string
	hole      span
	own       *hole // of an overlay's extra record, in place of hole
}

// speaksOf lists what there is about a name; none is no error. The caller must not
// change it.
func (d *DB) speaksOf(key Key) ([]affected, error) {
	d.asked.mu.Lock()
	known, ok := d.asked.of[key]
	d.asked.mu.Unlock()
	if ok {
		return known, nil
	}
	about, err := d.readAbout(key)
	if err != nil {
		return nil, err
	}
	for i := range about {
		about[i].Prepare()
	}
	d.asked.mu.Lock()
	defer d.asked.mu.Unlock()
	d.asked.of[key] = about
	return about, nil
}

func (d *DB) readAbout(key Key) ([]affected, error) {
	names, err := d.names()
	if err != nil {
		return nil, err
	}
	e, ok, err := names.find(key.text())
	if err != nil || !ok {
		return nil, err
	}
	block, err := d.sections[secPackages].text(e.block)
	if err != nil {
		return nil, err
	}
	var out []affected
	r := reader{b: block}
	for len(r.b) > 0 && !r.bad {
		body := reader{b: r.text()}
		out = append(out, body.affected())
		out[len(out)-1].hole = r.span()
		r.bad = r.bad || body.err() != nil
	}
	return out, r.err()
}

func (r *reader) affected() affected {
	a := affected{id: r.text(), withdrawn: r.flag(), summary: r.text()}
	a.Package.Ecosystem = r.text()
	for range r.count() {
		g := osv.Range{Type: r.text()}
		for range r.count() {
			g.Events = append(g.Events, osv.Event{Introduced: r.text(), Fixed: r.text(), LastAffected: r.text(), Limit: r.text()})
		}
		a.Ranges = append(a.Ranges, g)
	}
	a.Versions = r.texts()
	return a
}

// kept is what is kept beside the JSON of a record.
type kept struct {
	kind     Kind
	modified time.Time
	json     span
}

func (d *DB) kept(e entry) (kept, error) {
	block, err := d.sections[secRecords].text(e.block)
	if err != nil {
		return kept{}, err
	}
	r := reader{b: block}
	k := kept{kind: Kind(r.text()), modified: time.UnixMicro(int64(r.num())).UTC(), json: r.span()}
	return k, r.err()
}

// Record returns the JSON of a record as its feed gave it; fault.NotFound where
// there is none of that id.
func (d *DB) Record(id string) ([]byte, error) {
	ids, err := d.ids()
	if err != nil {
		return nil, damaged(d.info.Snapshot, err)
	}
	for _, kind := range Kinds() {
		e, ok, err := ids.find(id + "\x00" + string(kind))
		if err == nil && !ok {
			continue
		}
		k, err := d.kept(e)
		if err != nil {
			return nil, damaged(d.info.Snapshot, err)
		}
		data, err := d.sections[secJSON].read(k.json)
		if err != nil {
			return nil, damaged(d.info.Snapshot, err)
		}
		return data, nil
	}
	return nil, fault.New(fault.NotFound, "ids stand as their database spells them: PYSEC-2023-74, GHSA-…; aliases are no records", "there is no advisory %.200q", id)
}

// About lists the ids of the records that speak of a component in any version, but
// for those that are withdrawn; sorted.
func (d *DB) About(c component.Component) ([]string, error) {
	if _, ok := d.info.Feed(Kind(c.Class)); !ok {
		return nil, fault.New(fault.Unsupported, "", "%s cannot be checked: %s", c.Name, d.unfed(Kind(c.Class)))
	}
	about, err := d.speaksOf(keyOf(c))
	if err != nil {
		return nil, damaged(d.info.Snapshot, err)
	}
	var out []string
	for _, a := range about {
		if !a.withdrawn {
			out = append(out, a.id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Wants returns the DB knowing which feeds are set: what is not checked for want of
// one is then told apart from what no feed is set for.
func (d *DB) Wants(feeds []Feed) *DB {
	out := *d
	out.wanted = make(map[Kind]string, len(feeds))
	for _, f := range feeds {
		out.wanted[f.Kind] = f.Source
	}
	return &out
}

// Names are the names of a class that records speak of, sorted.
func (d *DB) Names(class component.Class) ([]string, error) {
	names, err := d.names()
	if err != nil {
		return nil, damaged(d.info.Snapshot, err)
	}
	var out []string
	for i := range names.len() {
		e, err := names.at(i)
		if err != nil {
			return nil, damaged(d.info.Snapshot, err)
		}
		if c, name, _ := strings.Cut(e.key, "\x00"); c == string(class) {
			out = append(out, name)
		}
	}
	return out, nil
}

// contents reads everything that the snapshot was compiled from.
func (d *DB) contents() (contents, error) {
	c := contents{feeds: d.info.Feeds}
	ids, err := d.ids()
	if err != nil {
		return c, damaged(d.info.Snapshot, err)
	}
	for i := range ids.len() {
		r, err := d.record(ids, i)
		if err != nil {
			return c, damaged(d.info.Snapshot, err)
		}
		c.records = append(c.records, r)
	}
	signals, err := d.whole(secSignals)
	if err == nil {
		c.epss, c.kev, err = readSignals(signals)
	}
	if err != nil {
		return c, damaged(d.info.Snapshot, err)
	}
	return c, nil
}

func (d *DB) record(ids rows, i int) (record, error) {
	e, err := ids.at(i)
	if err != nil {
		return record{}, err
	}
	k, err := d.kept(e)
	if err != nil {
		return record{}, err
	}
	data, err := d.sections[secJSON].read(k.json)
	if err != nil {
		return record{}, err
	}
	parsed, err := osv.Parse(data)
	return record{k.kind, data, parsed}, err
}
