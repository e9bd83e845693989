#ifndef HUB_LIBRARY_H
#define HUB_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* A function to look up, and where its address goes. */
typedef struct library_function {
    const char *name;
    void *address; /* of a function pointer */
} library_function;

/*
 * Opens the first of `names`, ended by NULL, that the system has, and looks up
 * `functions`, ended by a NULL name. On failure `message` says what is missing.
 */
bool library_open(const char *const *names, const library_function *functions, char *message,
                  size_t capacity);

#endif
