/*
 * Finds libacm.so and libacm_media.so at run time, so that a program starts, and can
 * say what is missing, where libtorch or the media libraries cannot be loaded. The
 * functions of acm.h and acm_media.h forward to them; before the library is loaded
 * they return ACM_UNAVAILABLE.
 */
#ifndef ACM_LOADER_H
#define ACM_LOADER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads libacm.so from `path`. Calling it again after success does nothing. */
int32_t acm_library_load(const char *path);
/* Loads libacm_media.so from `path`. Calling it again after success does nothing. */
int32_t acm_media_load(const char *path);

#ifdef __cplusplus
}
#endif

#endif
