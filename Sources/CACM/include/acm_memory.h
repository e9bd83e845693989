#ifndef ACM_MEMORY_H
#define ACM_MEMORY_H

/* Lets the C library keep memory that was freed, up to blocks of 32 MiB, instead of giving it back. */
void acm_memory_keep_freed(void);

#endif
