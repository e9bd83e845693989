#include "hub_digest.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "library.h"

/* The few functions of libcrypto that are used; see EVP_DigestInit(3). */
static void *(*context_new)(void);
static void (*context_free)(void *context);
static const void *(*digest_named)(const char *name);
static int (*digest_start)(void *context, const void *type, void *engine);
static int (*digest_update)(void *context, const void *bytes, size_t count);
static int (*digest_final)(void *context, unsigned char *result, unsigned int *count);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_open;
static char failure[256];

static void open_library(void) {
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1", NULL};
    const library_function functions[] = {
        {"EVP_MD_CTX_new", &context_new},          {"EVP_MD_CTX_free", &context_free},
        {"EVP_get_digestbyname", &digest_named},   {"EVP_DigestInit_ex", &digest_start},
        {"EVP_DigestUpdate", &digest_update},      {"EVP_DigestFinal_ex", &digest_final},
        {NULL, NULL},
    };
    is_open = library_open(names, functions, failure, sizeof failure);
}

struct hub_digest {
    void *context;
};

hub_digest *hub_digest_create(const char *name, char *message, size_t capacity) {
    pthread_once(&once, open_library);
    if (!is_open) {
        snprintf(message, capacity, "%s", failure);
        return NULL;
    }
    const void *type = digest_named(name);
    void *context = context_new();
    hub_digest *digest = malloc(sizeof *digest);
    if (type == NULL || context == NULL || digest == NULL ||
        digest_start(context, type, NULL) != 1) {
        snprintf(message, capacity, "libcrypto has no %s", name);
        if (context != NULL) context_free(context);
        free(digest);
        return NULL;
    }
    digest->context = context;
    return digest;
}

bool hub_digest_append(hub_digest *digest, const void *bytes, size_t count) {
    return digest_update(digest->context, bytes, count) == 1;
}

size_t hub_digest_finish(hub_digest *digest, uint8_t *result) {
    unsigned int count = 0;
    return digest_final(digest->context, result, &count) == 1 ? count : 0;
}

void hub_digest_free(hub_digest *digest) {
    context_free(digest->context);
    free(digest);
}
