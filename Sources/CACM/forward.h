/* Functions of a header as forwarders into a shared library that is found at run time. */
#ifndef ACM_FORWARD_H
#define ACM_FORWARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "acm.h"

typedef struct {
    const char *name; /* for messages */
    _Atomic(void *) opened;
    pthread_mutex_t loading;
} acm_shared_library;

#define ACM_SHARED_LIBRARY(file) {.name = file, .opened = NULL, .loading = PTHREAD_MUTEX_INITIALIZER}

/* Loads the library with dlopen's `mode`. Calling it again after success does nothing. */
int32_t acm_shared_library_load(acm_shared_library *library, const char *path, int mode);
/* A function of the library, or null with a message. */
void *acm_shared_library_find(acm_shared_library *library, const char *name);
/* What the library's own function of this name says, or, while it is not loaded, what is missing. */
const char *acm_shared_library_message(acm_shared_library *library, const char *name);

/* Defines one function; the compiler holds its signature against the header. */
#define ACM_FORWARD(library, name, parameters, arguments)                     \
    int32_t name parameters {                                                 \
        static _Atomic(void *) cached;                                        \
        void *function = atomic_load_explicit(&cached, memory_order_relaxed); \
        if (function == NULL) {                                               \
            function = acm_shared_library_find(library, #name);               \
            if (function == NULL) return ACM_UNAVAILABLE;                     \
            atomic_store_explicit(&cached, function, memory_order_relaxed);   \
        }                                                                     \
        return ((int32_t(*) parameters)function)arguments;                    \
    }

#endif
