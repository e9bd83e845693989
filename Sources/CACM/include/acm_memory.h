#ifndef ACM_MEMORY_H
#define ACM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lets the C library keep memory that was freed, up to blocks of 32 MiB, instead of giving it back. */
void acm_memory_keep_freed(void);

/* Bytes that malloc has given out and not got back; -1 where the C library does not tell. */
int64_t acm_memory_allocated(void);

/* Lets the system take the whole pages within a block of memory, whose content stays: those of a file come back when
   they are read again. Does nothing where the system cannot. */
void acm_memory_page_out(void *start, size_t size);

/* Most bytes of the process that were in memory at once; -1 where the system does not tell. */
int64_t acm_memory_peak(void);

/* Gives back what the C library keeps of freed memory, and lets acm_memory_peak start from what is left; whether the
   system allows it. */
bool acm_memory_reset_peak(void);

#endif
