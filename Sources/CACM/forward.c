#define _GNU_SOURCE
#include "forward.h"

#include <dlfcn.h>
#include <stdio.h>

static _Thread_local char message[1024];

int32_t acm_shared_library_load(acm_shared_library *library, const char *path, int mode) {
    int32_t status = ACM_OK;
    pthread_mutex_lock(&library->loading);
    if (atomic_load(&library->opened) == NULL) {
        /* Of a null path dlopen would give the program itself: the forwarders. */
        void *opened = path == NULL ? NULL : dlopen(path, mode);
        if (opened == NULL) {
            snprintf(message, sizeof message, "%s", path == NULL ? "no path given" : dlerror());
            status = ACM_UNAVAILABLE;
        }
        atomic_store(&library->opened, opened);
    }
    pthread_mutex_unlock(&library->loading);
    return status;
}

void *acm_shared_library_find(acm_shared_library *library, const char *name) {
    void *opened = atomic_load(&library->opened);
    void *function = opened == NULL ? NULL : dlsym(opened, name);
    if (function == NULL) {
        snprintf(message, sizeof message,
                 opened == NULL ? "%s is not loaded (%s)" : "%s has no function %s", library->name, name);
    }
    return function;
}

const char *acm_shared_library_message(acm_shared_library *library, const char *name) {
    void *opened = atomic_load(&library->opened);
    const char *(*function)(void) =
        opened == NULL ? NULL : (const char *(*)(void))dlsym(opened, name);
    return function == NULL ? message : function();
}
