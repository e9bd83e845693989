#include "acm_memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
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
#ifdef __linux__
    /* What getrusage tells also counts the program that started this one, and does not start anew. */
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL) return -1;
    long long kibibytes = -1;
    char line[256];
    while (kibibytes < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lld kB", &kibibytes) != 1) kibibytes = -1;
    fclose(file);
    return kibibytes < 0 ? -1 : (int64_t)kibibytes * 1024;
#else
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : -1;
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
