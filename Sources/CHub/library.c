#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool library_open(const char *const *names, const library_function *functions, char *message,
                  size_t capacity) {
    void *library = NULL;
    for (size_t index = 0; names[index] != NULL && library == NULL; index++) {
        library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
        /* The first name is the usual one: its message helps most. */
        if (library == NULL && index == 0) snprintf(message, capacity, "%s", dlerror());
    }
    if (library == NULL) return false;
    for (; functions->name != NULL; functions++) {
        void *found = dlsym(library, functions->name);
        if (found == NULL) {
            snprintf(message, capacity, "%s", dlerror());
            return false;
        }
        memcpy(functions->address, &found, sizeof found);
    }
    return true;
}
