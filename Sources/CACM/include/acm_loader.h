/*
 * Finds libacm.so at run time, so that a program starts, and can say what is
 * missing, where libtorch cannot be loaded. The functions of acm.h forward to
 * the library; before acm_library_load has succeeded they return ACM_UNAVAILABLE.
 */
#ifndef ACM_LOADER_H
#define ACM_LOADER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads the library from `path`. Calling it again after success does nothing. */
int32_t acm_library_load(const char *path);

#ifdef __cplusplus
}
#endif

#endif
