package elf

import "encoding/binary"

// Range is where a function lies.
type Range struct{ Address, Size uint64 }

// The encodings of .eh_frame_hdr that compilers write (LSB 5.0, "DWARF Exception Header Encoding").
const (
	framePointer = 0x1b // from here, 4 bytes, signed
	frameCount   = 0x03 // 4 bytes
	frameTable   = 0x3b // from the start of the header, 4 bytes, signed
)

// Ranges lists the functions of a file by its table for unwinding, sorted by address: also of a file
// without symbols. A file without such a table, or with one in an encoding that no compiler writes, has none.
func (f *File) Ranges() ([]Range, error) {
	segment, ok := f.Segment(SegmentEHFrame)
	if !ok {
		return nil, nil
	}
	part, err := read(f.r, segment.Offset, segment.Size, maxTable)
	if err != nil {
		return nil, err
	}
	if len(part) < 12 || part[0] != 1 || part[1] != framePointer || part[2] != frameCount || part[3] != frameTable {
		return nil, nil
	}
	le := binary.LittleEndian
	count := uint64(le.Uint32(part[8:]))
	if part = part[12:]; count*8 > uint64(len(part)) {
		return nil, ErrDamaged
	}
	ranges := make([]Range, 0, count)
	for ; count > 0; count, part = count-1, part[8:] {
		start, frame := segment.Address+signed(part), segment.Address+signed(part[4:])
		size, err := f.sizeOf(start, frame)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, Range{start, size})
	}
	return ranges, nil
}

// sizeOf reads the length of a function off its description.
func (f *File) sizeOf(start, frame uint64) (uint64, error) {
	var fde [16]byte
	if err := f.ReadAddress(fde[:], frame); err != nil {
		return 0, err
	}
	if begin := frame + 8 + signed(fde[8:]); begin != start {
		return 0, ErrDamaged
	}
	return uint64(binary.LittleEndian.Uint32(fde[12:])), nil
}

func signed(b []byte) uint64 { return uint64(int64(int32(binary.LittleEndian.Uint32(b)))) }
