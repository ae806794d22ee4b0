package esp

import "golang.org/x/sys/unix"

// allocate asks the kernel for memory, or, where it gives none, the heap.
func allocate(n int) (arena []byte, free func()) {
	arena, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return make([]byte, n), func() {}
	}
	return arena, func() {
		if err := unix.Munmap(arena); err != nil {
			panic("esp: buffers: " + err.Error()) // given back twice
		}
	}
}
