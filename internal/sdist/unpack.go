package sdist

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
)

// hollow is what files may come to of which little is packed, as of sparse ones.
const hollow = 64 << 20

// suffixes of source distributions; those before PEP 527 are still on the web.
var suffixes = []string{".tar.gz", ".zip", ".tar.bz2", ".tgz"}

// CutSuffix takes the suffix of a source archive off a file name; ok is false for
// other files.
func CutSuffix(filename string) (stem string, ok bool) {
	for _, suffix := range suffixes {
		if stem, ok := strings.CutSuffix(filename, suffix); ok && stem != "" {
			return stem, true
		}
	}
	return filename, false
}

// Unpack unpacks a source distribution, of which filename tells the format, into
// the folder dir, which is made if it is not there and must be empty. The one
// folder at its top is taken off. Times and execute bits are kept, owners are not.
// An *archive.UnsafeError, with the archive's name, says what is refused: what
// archive.Tar and archive.Zip refuse, links that leave the top folder, and
// anything beside that folder. On an error dir is left half full.
func Unpack(r io.ReaderAt, size int64, filename, dir string) error {
	if _, ok := CutSuffix(filename); !ok {
		return unknownSuffix(filename)
	}
	to, err := emptyFolder(dir)
	if err != nil {
		return err
	}
	defer to.root.Close()
	return unpackInto(to, r, size, filename)
}

func unknownSuffix(filename string) error {
	return fault.New(fault.Unsupported, "source distributions end in "+strings.Join(suffixes, ", "), "%s is no source archive that can be read", filename)
}

// taker takes what an archive holds, by names below its top folder. A name is not
// taken twice, and what is taken leads nowhere else.
type taker interface {
	folder(name string) error
	file(name string, mode fs.FileMode, changed time.Time, body io.Reader) error
	link(name, target string) error
	copy(from, name string) error // of an earlier file
}

func unpackInto(to taker, r io.ReaderAt, size int64, filename string) error {
	u := &unpacking{to: to, size: size}
	var err error
	if strings.HasSuffix(filename, ".zip") {
		err = u.zip(r, size)
	} else {
		err = archive.Tar(io.NewSectionReader(r, 0, size), Limits(), u.entry)
	}
	if err == nil && !u.some {
		err = &archive.UnsafeError{Reason: "it is empty"}
	}
	if refused := (*archive.UnsafeError)(nil); errors.As(err, &refused) {
		refused.Archive = filename
	}
	return err
}

// unpacking is one archive on its way to who takes it.
type unpacking struct {
	to          taker
	top         string // the folder that holds everything
	some        bool   // something stood in it
	size, total int64  // of the archive, and of what was announced so far
}

func (u *unpacking) zip(r io.ReaderAt, size int64) error {
	z, err := archive.OpenZip(r, size, Limits())
	if err != nil {
		return err
	}
	for i, f := range z.Files() {
		e := archive.TarEntry{Name: strings.TrimSuffix(f.Name, "/"), Mode: f.Mode, Size: f.Size, Dir: f.Dir, Time: f.Time}
		if f.Dir {
			err = u.entry(e, nil)
		} else {
			err = u.zipFile(z, i, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) zipFile(z *archive.Zip, i int, e archive.TarEntry) error {
	body, err := z.Open(i)
	if err != nil {
		return err
	}
	defer body.Close() // its end was read, and with it the CRC
	return u.entry(e, body)
}

// entry unpacks one entry.
func (u *unpacking) entry(e archive.TarEntry, body io.Reader) error {
	name, err := u.below(e.Name)
	if err != nil {
		return err
	}
	if name == "" {
		if !e.Dir {
			return refuse(e.Name, "a file at the top, where one folder must hold everything")
		}
		return nil
	}
	u.some = true
	if u.total += e.Size; u.total > hollow && float64(u.total) > Limits().Ratio*float64(u.size) {
		return refuse(e.Name, "with it more is unpacked than 200 times as much as is packed")
	}
	switch {
	case e.Dir:
		return u.to.folder(name)
	case e.Link != "":
		return u.link(name, e)
	case e.Hard != "":
		from, err := u.below(e.Hard)
		if err != nil {
			return err
		}
		return u.to.copy(from, name)
	}
	changed := e.Time
	if year := changed.Year(); year < 1970 || year > 2107 { // no file system or zip could hold it
		changed = time.Unix(0, 0)
	}
	return u.to.file(name, e.Mode, changed, body)
}

// below is a name without the top folder.
func (u *unpacking) below(name string) (string, error) {
	top, rest, _ := strings.Cut(name, "/")
	if u.top == "" {
		u.top = top
	}
	if top != u.top {
		return "", refuse(name, "it lies beside the top folder "+u.top)
	}
	return rest, nil
}

func refuse(entry, reason string) error { return &archive.UnsafeError{Entry: entry, Reason: reason} }

// link makes a symbolic link. The archive's own check let it stay inside of the
// archive, and ".." stand in front only; here it must stay below the top folder.
func (u *unpacking) link(name string, e archive.TarEntry) error {
	at := path.Join(path.Dir(e.Name), e.Link)
	if at != u.top && !strings.HasPrefix(at, u.top+"/") {
		return refuse(e.Name, "a symbolic link that leaves the archive's folder")
	}
	return u.to.link(name, e.Link)
}

// onDisk takes an archive into a folder.
type onDisk struct{ root *os.Root }

func emptyFolder(dir string) (*onDisk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return nil, fault.New(fault.Internal, "", "snug: internal error: %s is not empty", dir)
	}
	root, err := os.OpenRoot(dir)
	return &onDisk{root}, err
}

func (d *onDisk) folder(name string) error { return d.root.MkdirAll(name, 0o755) }

func (d *onDisk) link(name, target string) error {
	if err := d.folder(path.Dir(name)); err != nil {
		return err
	}
	return d.root.Symlink(target, name)
}

func (d *onDisk) file(name string, mode fs.FileMode, changed time.Time, body io.Reader) (err error) {
	if err := d.folder(path.Dir(name)); err != nil {
		return err
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return d.root.Chtimes(name, changed, changed)
}

// copy makes a file of a hard link, so that to change one is not to change both.
func (d *onDisk) copy(from, name string) error {
	body, err := d.root.Open(from)
	if err != nil {
		return err
	}
	defer body.Close() // only read from
	info, err := body.Stat()
	if err != nil {
		return err
	}
	return d.file(name, info.Mode().Perm(), info.ModTime(), body)
}
