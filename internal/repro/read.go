package repro

import "io"

// ReadNative reads an ELF file that can be loaded; nil for one that only the linker
// reads. name is what it is called in Native and in errors.
func ReadNative(name string, r io.ReaderAt) (*Native, error) {
	l, _, err := readLibrary(name, r)
	if err != nil || l == nil {
		return nil, err
	}
	return &l.Native, nil
}
