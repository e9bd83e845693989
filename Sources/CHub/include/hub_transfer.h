/*
 * HTTP requests through the system's libcurl, which is opened when the first
 * request is made: a program that never makes one neither needs nor loads it.
 *
 *     hub_client *client;
 *     if (hub_client_create(&client, message, sizeof message) == HUB_DONE) {
 *         hub_request request = {.url = "https://…", .on_body = …};
 *         int32_t status = hub_client_perform(client, &request, &code, message, sizeof message);
 *         hub_client_free(client);
 *     }
 *
 * Proxies (http_proxy, https_proxy, no_proxy) and the system's certificates are
 * libcurl's business. Redirects are not followed. A client keeps its connections
 * from one request to the next, and belongs to one thread at a time.
 */
#ifndef HUB_TRANSFER_H
#define HUB_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HUB_DONE = 0,
    HUB_UNAVAILABLE = 1, /* libcurl is missing */
    HUB_STOPPED = 2,     /* a callback returned false */
    HUB_FAILED = 3,      /* see code, libcurl's own CURLcode */
};

typedef struct hub_client hub_client;

typedef struct hub_request {
    const char *url;
    bool is_head;
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    const char *user_agent;
    const char *certificates;       /* file of trusted authorities; NULL takes the system's */
    int64_t connect_timeout;        /* ms */
    int64_t stall_timeout;          /* s without a byte */
    void *context;                  /* for the callbacks; false ends the transfer */
    bool (*on_header)(void *context, const char *line, size_t count);
    bool (*on_body)(void *context, const void *bytes, size_t count);
    bool (*goes_on)(void *context); /* asked about once a second */
} hub_request;

/* `message` says what is missing. */
int32_t hub_client_create(hub_client **client, char *message, size_t capacity);
void hub_client_free(hub_client *client);

/* Runs a request to its end. With HUB_FAILED, `code` is libcurl's and `message` says why. */
int32_t hub_client_perform(hub_client *client, const hub_request *request, int32_t *code,
                           char *message, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
