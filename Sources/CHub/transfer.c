#define _GNU_SOURCE
#include "hub_transfer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "library.h"

/*
 * What is used of libcurl's interface, whose numbers and types are kept for good
 * (libcurl(3), "symbols-in-versions"): its header need not be installed.
 */
enum {
    CURLOPT_WRITEDATA = 10001,
    CURLOPT_URL = 10002,
    CURLOPT_ERRORBUFFER = 10010,
    CURLOPT_USERAGENT = 10018,
    CURLOPT_HTTPHEADER = 10023,
    CURLOPT_HEADERDATA = 10029,
    CURLOPT_XFERINFODATA = 10057,
    CURLOPT_CAINFO = 10065,
    CURLOPT_LOW_SPEED_LIMIT = 19,
    CURLOPT_LOW_SPEED_TIME = 20,
    CURLOPT_NOPROGRESS = 43,
    CURLOPT_NOBODY = 44,
    CURLOPT_NOSIGNAL = 99,
    CURLOPT_CONNECTTIMEOUT_MS = 156,
    CURLOPT_PROTOCOLS = 181,
    CURLOPT_SUPPRESS_CONNECT_HEADERS = 265,
    CURLOPT_WRITEFUNCTION = 20011,
    CURLOPT_HEADERFUNCTION = 20079,
    CURLOPT_XFERINFOFUNCTION = 20219,

    CURL_GLOBAL_ALL = 3,
    CURLPROTO_HTTP_AND_HTTPS = 3,
    CURL_ERROR_SIZE = 256,
    CURLE_OUT_OF_MEMORY = 27,
};

typedef size_t (*data_function)(char *, size_t, size_t, void *);
typedef int (*progress_function)(void *, int64_t, int64_t, int64_t, int64_t);
struct curl_slist;

static int (*global_init)(long flags);
static void *(*easy_init)(void);
static void (*easy_reset)(void *handle);
static void (*easy_cleanup)(void *handle);
static int (*easy_setopt)(void *handle, int option, ...);
static int (*easy_perform)(void *handle);
static const char *(*easy_strerror)(int code);
static struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
static void (*slist_free_all)(struct curl_slist *list);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_open;
static char failure[256];

static void open_library(void) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
    const library_function functions[] = {
        {"curl_global_init", &global_init},     {"curl_easy_init", &easy_init},
        {"curl_easy_reset", &easy_reset},       {"curl_easy_cleanup", &easy_cleanup},
        {"curl_easy_setopt", &easy_setopt},     {"curl_easy_perform", &easy_perform},
        {"curl_easy_strerror", &easy_strerror}, {"curl_slist_append", &slist_append},
        {"curl_slist_free_all", &slist_free_all}, {NULL, NULL},
    };
    is_open = library_open(names, functions, failure, sizeof failure);
    if (is_open && global_init(CURL_GLOBAL_ALL) != 0) {
        snprintf(failure, sizeof failure, "libcurl cannot be initialised");
        is_open = false;
    }
}

struct hub_client {
    void *handle;
    const hub_request *request;
    bool was_stopped;
};

int32_t hub_client_create(hub_client **client, char *message, size_t capacity) {
    pthread_once(&once, open_library);
    hub_client *created = is_open ? calloc(1, sizeof *created) : NULL;
    if (created != NULL) created->handle = easy_init();
    if (created == NULL || created->handle == NULL) {
        snprintf(message, capacity, "%s", is_open ? "out of memory" : failure);
        free(created);
        return HUB_UNAVAILABLE;
    }
    *client = created;
    return HUB_DONE;
}

void hub_client_free(hub_client *client) {
    easy_cleanup(client->handle);
    free(client);
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
    hub_client *client = context;
    if (client->request->on_header(client->request->context, bytes, size * count)) {
        return size * count;
    }
    client->was_stopped = true;
    return 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
    hub_client *client = context;
    if (client->request->on_body(client->request->context, bytes, size * count)) {
        return size * count;
    }
    client->was_stopped = true;
    return 0;
}

static int take_progress(void *context, int64_t download_size, int64_t downloaded,
                         int64_t upload_size, int64_t uploaded) {
    (void)download_size, (void)downloaded, (void)upload_size, (void)uploaded;
    hub_client *client = context;
    if (client->request->goes_on(client->request->context)) return 0;
    client->was_stopped = true;
    return 1;
}

/*
 * A connection that the other side closed must be an error, not the end of the
 * process: OpenSSL writes without MSG_NOSIGNAL. So SIGPIPE is held back while
 * libcurl runs, and what came of it is dropped.
 */
static int perform_without_sigpipe(void *handle) {
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    int code = easy_perform(handle);
    if (!sigismember(&before, SIGPIPE)) {
        const struct timespec no_time = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &no_time) == -1 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

int32_t hub_client_perform(hub_client *client, const hub_request *request, int32_t *code,
                           char *message, size_t capacity) {
    char reason[CURL_ERROR_SIZE] = "";
    void *handle = client->handle;
    client->request = request;
    client->was_stopped = false;

    struct curl_slist *headers = NULL;
    for (size_t index = 0; index < request->header_count; index++) {
        struct curl_slist *longer = slist_append(headers, request->headers[index]);
        if (longer == NULL) {
            slist_free_all(headers);
            *code = CURLE_OUT_OF_MEMORY;
            snprintf(message, capacity, "out of memory");
            return HUB_FAILED;
        }
        headers = longer;
    }

    easy_reset(handle); /* keeps the connections */
    easy_setopt(handle, CURLOPT_URL, request->url);
    easy_setopt(handle, CURLOPT_NOBODY, (long)request->is_head);
    easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    easy_setopt(handle, CURLOPT_USERAGENT, request->user_agent);
    easy_setopt(handle, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTP_AND_HTTPS);
    easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    easy_setopt(handle, CURLOPT_NOSIGNAL, 1L); /* there are other threads */
    easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout);
    easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L); /* bytes a second */
    easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)request->stall_timeout);
    easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
    if (request->certificates != NULL) {
        easy_setopt(handle, CURLOPT_CAINFO, request->certificates);
    }
    easy_setopt(handle, CURLOPT_HEADERFUNCTION, (data_function)take_header);
    easy_setopt(handle, CURLOPT_HEADERDATA, client);
    easy_setopt(handle, CURLOPT_WRITEFUNCTION, (data_function)take_body);
    easy_setopt(handle, CURLOPT_WRITEDATA, client);
    easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, (progress_function)take_progress);
    easy_setopt(handle, CURLOPT_XFERINFODATA, client);
    easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);

    *code = perform_without_sigpipe(handle);
    easy_reset(handle); /* lets go of the stack's buffers */
    slist_free_all(headers);
    if (client->was_stopped) return HUB_STOPPED;
    if (*code == 0) return HUB_DONE;
    snprintf(message, capacity, "%s", reason[0] != '\0' ? reason : easy_strerror(*code));
    return HUB_FAILED;
}
