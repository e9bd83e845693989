#include "acm_loader.h"

#include <dlfcn.h>

#include "acm.h"
#include "forward.h"

static acm_shared_library library = ACM_SHARED_LIBRARY("libacm.so");

int32_t acm_library_load(const char *path) {
    return acm_shared_library_load(&library, path, RTLD_NOW | RTLD_GLOBAL);
}

const char *acm_error_message(void) {
    return acm_shared_library_message(&library, "acm_error_message");
}

#define FORWARD(name, parameters, arguments) ACM_FORWARD(&library, name, parameters, arguments)

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
FORWARD(acm_tensor_share, (const acm_tensor *tensor, acm_tensor **result), (tensor, result))
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
FORWARD(acm_tensor_recomputed,
        (acm_tensor *const *inputs, int32_t input_count, acm_computation run,
         void (*release)(void *), void *context, acm_tensor **results, int32_t result_capacity,
         int32_t *result_count),
        (inputs, input_count, run, release, context, results, result_capacity, result_count))
FORWARD(acm_gradient_mode, (bool *enabled), (enabled))
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
FORWARD(acm_device_energy, (int32_t type, int32_t index, int64_t *millijoules),
        (type, index, millijoules))

FORWARD(acm_graph_capture,
        (int32_t type, int32_t index, int32_t warm_up_count, acm_work run, void *context,
         acm_graph **result),
        (type, index, warm_up_count, run, context, result))
FORWARD(acm_graph_replay, (acm_graph * graph), (graph))
FORWARD(acm_graph_free, (acm_graph * graph), (graph))

FORWARD(acm_process_group_create,
        (int32_t rank, int32_t size, const char *host, int32_t port, int32_t type, int64_t timeout,
         acm_process_group **result),
        (rank, size, host, port, type, timeout, result))
FORWARD(acm_process_group_free, (acm_process_group * group), (group))
FORWARD(acm_process_group_all_reduce,
        (const acm_process_group *group, acm_tensor *tensor, int32_t reduction),
        (group, tensor, reduction))
FORWARD(acm_process_group_all_gather,
        (const acm_process_group *group, const acm_tensor *tensor, acm_tensor **result),
        (group, tensor, result))
FORWARD(acm_process_group_broadcast,
        (const acm_process_group *group, acm_tensor *tensor, int32_t root), (group, tensor, root))
FORWARD(acm_process_group_barrier, (const acm_process_group *group), (group))

FORWARD(acm_reducer_create,
        (const acm_process_group *group, acm_tensor *const *parameters, int32_t count,
         acm_reducer **result),
        (group, parameters, count, result))
FORWARD(acm_reducer_backward, (acm_reducer * reducer, const acm_tensor *loss), (reducer, loss))
FORWARD(acm_reducer_free, (acm_reducer * reducer), (reducer))
