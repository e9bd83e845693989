#define _GNU_SOURCE
#include "acm_loader.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "acm.h"

static _Atomic(void *) library;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local char message[1024];

int32_t acm_library_load(const char *path) {
    int32_t status = ACM_OK;
    pthread_mutex_lock(&loading);
    if (atomic_load(&library) == NULL) {
        /* Of a null path dlopen would give the program itself: the forwarders below. */
        void *opened = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (opened == NULL) {
            snprintf(message, sizeof message, "%s", path == NULL ? "no path given" : dlerror());
            status = ACM_UNAVAILABLE;
        }
        atomic_store(&library, opened);
    }
    pthread_mutex_unlock(&loading);
    return status;
}

static void *resolve(const char *name) {
    void *opened = atomic_load(&library);
    void *function = opened == NULL ? NULL : dlsym(opened, name);
    if (function == NULL) {
        snprintf(message, sizeof message, opened == NULL ? "libacm.so is not loaded (%s)"
                                                         : "libacm.so has no function %s",
                 name);
    }
    return function;
}

/* Defines one function of acm.h; the compiler holds its signature against the header. */
#define FORWARD(name, parameters, arguments)                                      \
    int32_t name parameters {                                                     \
        static _Atomic(void *) cached;                                            \
        void *function = atomic_load_explicit(&cached, memory_order_relaxed);     \
        if (function == NULL) {                                                   \
            function = resolve(#name);                                            \
            if (function == NULL) return ACM_UNAVAILABLE;                         \
            atomic_store_explicit(&cached, function, memory_order_relaxed);       \
        }                                                                         \
        return ((int32_t(*) parameters)function)arguments;                        \
    }

const char *acm_error_message(void) {
    void *opened = atomic_load(&library);
    const char *(*function)(void) =
        opened == NULL ? NULL : (const char *(*)(void))dlsym(opened, "acm_error_message");
    return function == NULL ? message : function();
}

FORWARD(acm_runtime_open, (int32_t version), (version))
FORWARD(acm_runtime_torch_version, (int32_t *version), (version))
FORWARD(acm_runtime_torch_configuration, (const char **description), (description))
FORWARD(acm_runtime_cpu_capability, (const char **name), (name))
FORWARD(acm_runtime_thread_count, (int32_t *count), (count))
FORWARD(acm_runtime_set_thread_count, (int32_t count), (count))
FORWARD(acm_runtime_seed, (uint64_t seed), (seed))

FORWARD(acm_operator_find, (const char *name, const char *overload, const acm_operator **result),
        (name, overload, result))
FORWARD(acm_operator_call,
        (const acm_operator *op, const acm_value *arguments, int32_t argument_count,
         acm_value *results, int32_t result_capacity, int32_t *result_count),
        (op, arguments, argument_count, results, result_capacity, result_count))

FORWARD(acm_tensor_create,
        (void *data, int32_t scalar_type, const int64_t *shape, int32_t rank,
         void (*deallocate)(void *), void *context, acm_tensor **result),
        (data, scalar_type, shape, rank, deallocate, context, result))
FORWARD(acm_tensor_free, (acm_tensor * tensor), (tensor))
FORWARD(acm_tensor_rank, (const acm_tensor *tensor, int32_t *rank), (tensor, rank))
FORWARD(acm_tensor_shape, (const acm_tensor *tensor, int64_t *shape), (tensor, shape))
FORWARD(acm_tensor_strides, (const acm_tensor *tensor, int64_t *strides), (tensor, strides))
FORWARD(acm_tensor_scalar_type, (const acm_tensor *tensor, int32_t *type), (tensor, type))
FORWARD(acm_tensor_device, (const acm_tensor *tensor, int32_t *type, int32_t *index),
        (tensor, type, index))
FORWARD(acm_tensor_is_contiguous, (const acm_tensor *tensor, bool *contiguous),
        (tensor, contiguous))
FORWARD(acm_tensor_data, (const acm_tensor *tensor, void **data), (tensor, data))
FORWARD(acm_tensor_live_count, (int64_t *count), (count))
FORWARD(acm_tensor_copy_aside,
        (const acm_tensor *tensor, int32_t type, int32_t index, acm_tensor **result),
        (tensor, type, index, result))

FORWARD(acm_tensor_requires_gradient, (const acm_tensor *tensor, bool *required),
        (tensor, required))
FORWARD(acm_tensor_set_requires_gradient, (acm_tensor * tensor, bool required), (tensor, required))
FORWARD(acm_tensor_gradient, (const acm_tensor *tensor, acm_tensor **gradient), (tensor, gradient))
FORWARD(acm_tensor_set_gradient, (acm_tensor * tensor, const acm_tensor *gradient),
        (tensor, gradient))
FORWARD(acm_tensor_backward, (const acm_tensor *tensor, const acm_tensor *seed, bool retain_graph),
        (tensor, seed, retain_graph))
FORWARD(acm_gradient_mode_set, (bool enabled, bool *previous), (enabled, previous))
FORWARD(acm_autocast_set, (int32_t type, bool enabled, int32_t scalar_type),
        (type, enabled, scalar_type))

FORWARD(acm_device_count, (int32_t type, int32_t *count), (type, count))
FORWARD(acm_device_name, (int32_t type, int32_t index, char *name, int32_t capacity),
        (type, index, name, capacity))
FORWARD(acm_device_synchronize, (int32_t type, int32_t index), (type, index))
FORWARD(acm_device_memory,
        (int32_t type, int32_t index, int64_t *used, int64_t *reserved, int64_t *peak),
        (type, index, used, reserved, peak))
FORWARD(acm_device_reset_peak_memory, (int32_t type, int32_t index), (type, index))
