#ifndef ACM_MEMORY_H
#define ACM_MEMORY_H

#include <stdint.h>

/* Lets the C library keep memory that was freed, up to blocks of 32 MiB, instead of giving it back. */
void acm_memory_keep_freed(void);

/* Bytes that malloc has given out and not got back; -1 where the C library does not tell. */
int64_t acm_memory_allocated(void);

/* Most bytes of the process that were in memory at once; -1 where the system does not tell. */
int64_t acm_memory_peak(void);

#endif
