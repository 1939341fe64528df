package elf

import (
	"bytes"
	"encoding/binary"
)

// The features that all code of a file uses. On AArch64 the first is branch target identification,
// the second pointer authentication.
const (
	FeatureBranch = 1 // indirect branches land on marks only
	FeatureShadow = 2 // return addresses are checked against a second stack
)

// The note that tells features (x86-64 and AArch64 psABI, "Program Property").
const (
	maxNote        = 64 << 10
	noteProperty   = 5
	propertyX86    = 0xc0000002
	propertyARM    = 0xc0000000
	notePropertyAt = 16
)

// Features are the bits that the linker found in every object of a file; 0 where it says nothing.
func (f *File) Features() (uint32, error) {
	segment, ok := f.Segment(SegmentFeature)
	if !ok {
		return 0, nil
	}
	note, err := read(f.r, segment.Offset, segment.Size, maxNote)
	if err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	if len(note) < notePropertyAt || le.Uint32(note[8:]) != noteProperty || !bytes.Equal(note[12:16], []byte("GNU\x00")) {
		return 0, nil
	}
	want := uint32(propertyX86)
	if f.Machine == AArch64 {
		want = propertyARM
	}
	for note = note[notePropertyAt:]; len(note) >= 12; {
		kind, size := le.Uint32(note), uint64(le.Uint32(note[4:]))
		if kind == want && size == 4 {
			return le.Uint32(note[8:]), nil
		}
		if size = 8 + (size+7)&^7; size > uint64(len(note)) {
			return 0, ErrDamaged
		}
		note = note[size:]
	}
	return 0, nil
}
