/*
 * Message digests through the system's libcrypto, opened when first needed.
 */
#ifndef HUB_DIGEST_H
#define HUB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hub_digest hub_digest;

/* `name` is sha1 or sha256. NULL when libcrypto is missing: `message` says so. */
hub_digest *hub_digest_create(const char *name, char *message, size_t capacity);
bool hub_digest_append(hub_digest *digest, const void *bytes, size_t count);
/* Writes the digest to `result`, 64 bytes of room, and gives its length; 0 on failure. */
size_t hub_digest_finish(hub_digest *digest, uint8_t *result);
void hub_digest_free(hub_digest *digest);

#ifdef __cplusplus
}
#endif

#endif
