#include "acm_memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void acm_memory_keep_freed(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

int64_t acm_memory_allocated(void) {
#ifdef __GLIBC__
    struct mallinfo2 heap = mallinfo2();
    return (int64_t)(heap.uordblks + heap.hblkhd);
#else
    return -1;
#endif
}

void acm_memory_page_out(void *start, size_t size) {
#ifdef MADV_PAGEOUT
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)start + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)start + size) / page * page;
    if (end > first) madvise((void *)first, end - first, MADV_PAGEOUT);
#else
    (void)start;
    (void)size;
#endif
}

int64_t acm_memory_peak(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return -1;
#ifdef __APPLE__
    return usage.ru_maxrss;
#else
    return usage.ru_maxrss * INT64_C(1024); /* KiB on Linux */
#endif
}

bool acm_memory_reset_peak(void) {
#ifdef __linux__
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool written = write(file, "5", 1) == 1; /* 5 stands for the peak */
    close(file);
    return written;
#else
    return false;
#endif
}
