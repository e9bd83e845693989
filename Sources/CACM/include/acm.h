/*
 * The C interface of libacm.so: libtorch's operators by name, tensor handles,
 * autograd, and what a program must know of its devices.
 *
 *     acm_runtime_open(ACM_INTERFACE_VERSION);
 *
 *     int64_t shape[] = {2, 3};
 *     float numbers[] = {1, 2, 3, 4, 5, 6};
 *     acm_tensor *input;
 *     acm_tensor_create(numbers, ACM_FLOAT32, shape, 2, NULL, NULL, &input);
 *
 *     const acm_operator *sum;
 *     acm_operator_find("aten::sum", "", &sum);
 *     acm_value arguments[] = {{.kind = ACM_TENSOR, .tensor = input}};
 *     acm_value result;
 *     int32_t count;
 *     if (acm_operator_call(sum, arguments, 1, &result, 1, &count) != ACM_OK)
 *         fprintf(stderr, "%s\n", acm_error_message());
 *     acm_tensor_free(result.tensor);
 *     acm_tensor_free(input);
 *
 * Every function returns a status; results come back through pointers and are
 * written only when the status is ACM_OK. The message of the last failure on
 * this thread is acm_error_message(). Nothing here aborts the process or lets
 * a C++ exception out. Functions may be called from any thread; gradient mode
 * and autocast belong to the calling thread.
 */
#ifndef ACM_H
#define ACM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Raised whenever a declaration below changes. */
#define ACM_INTERFACE_VERSION 6

/* Statuses. */
#define ACM_OK 0
#define ACM_INVALID_ARGUMENT 1 /* the caller's mistake: names, kinds, shapes, null pointers */
#define ACM_OUT_OF_MEMORY 2    /* host or device memory is exhausted */
#define ACM_FAILURE 3          /* libtorch refused or failed; the message says why */
#define ACM_UNAVAILABLE 4      /* the library, the device or the version is not there */
#define ACM_LOST_PROCESS 5     /* another process of a group is gone or did not answer in time */

/* Scalar types, numbered as in libtorch. */
#define ACM_UINT8 0
#define ACM_INT8 1
#define ACM_INT16 2
#define ACM_INT32 3
#define ACM_INT64 4
#define ACM_FLOAT16 5
#define ACM_FLOAT32 6
#define ACM_FLOAT64 7
#define ACM_BOOL 11
#define ACM_BFLOAT16 15

/* Device types, numbered as in libtorch. */
#define ACM_CPU 0
#define ACM_CUDA 1

typedef struct acm_tensor acm_tensor;     /* one reference to a tensor */
typedef struct acm_operator acm_operator; /* lives as long as the process */

/* Kinds of value. */
#define ACM_NONE 0
#define ACM_TENSOR 1
#define ACM_INTEGER 2 /* int, scalar type, layout, memory format, symbolic int, Scalar */
#define ACM_REAL 3    /* float, Scalar */
#define ACM_BOOLEAN 4
#define ACM_STRING 5
#define ACM_INTEGERS 6
#define ACM_REALS 7
#define ACM_TENSORS 8 /* null entries stand for None */
#define ACM_DEVICE 9  /* integer = device type, count = device index */

typedef struct acm_value {
    int32_t kind;
    int32_t count; /* entries of a list; index of a device */
    union {
        acm_tensor *tensor;
        int64_t integer;
        double real;
        bool boolean;
        const char *string;
        const int64_t *integers;
        const double *reals;
        acm_tensor *const *tensors;
    };
} acm_value;

/* Description of the last failure on this thread; never null. */
const char *acm_error_message(void);

/* --- runtime ------------------------------------------------------------ */

/* Checks that this library and the libtorch it found fit the caller. Call once, first. */
int32_t acm_runtime_open(int32_t interface_version);
/* libtorch's version at run time as major * 10000 + minor * 100 + patch. */
int32_t acm_runtime_torch_version(int32_t *version);
/* libtorch's build description, several lines. The string lives as long as the process. */
int32_t acm_runtime_torch_configuration(const char **description);
/* The instruction set that libtorch's own CPU kernels use, for example "AVX512". */
int32_t acm_runtime_cpu_capability(const char **name);
/* Threads within one operator. */
int32_t acm_runtime_thread_count(int32_t *count);
int32_t acm_runtime_set_thread_count(int32_t count);
/* Seeds the default generators of all devices. */
int32_t acm_runtime_seed(uint64_t seed);

/* --- operators ---------------------------------------------------------- */

/* Finds an operator, for example ("aten::add", "Tensor"). */
int32_t acm_operator_find(const char *name, const char *overload, const acm_operator **result);
/*
 * Calls an operator. Arguments stand in the order of its schema; missing
 * trailing ones take their defaults. Returned tensors are new references that
 * the caller frees; a returned tensor list takes one result for each tensor.
 * `result_capacity` may be smaller than what comes back: the rest is dropped.
 */
int32_t acm_operator_call(const acm_operator *op, const acm_value *arguments,
                          int32_t argument_count, acm_value *results, int32_t result_capacity,
                          int32_t *result_count);

/* --- tensors ------------------------------------------------------------ */

/*
 * Wraps `data` (row-major, on the host) without copying it. `deallocate(context)`
 * is called once when the last reference is gone; on failure it is not called.
 * With a null `deallocate` the data must outlive the tensor.
 */
int32_t acm_tensor_create(void *data, int32_t scalar_type, const int64_t *shape, int32_t rank,
                          void (*deallocate)(void *context), void *context, acm_tensor **result);
/* Gives one reference back. Null is allowed. */
int32_t acm_tensor_free(acm_tensor *tensor);
/* One more reference to the same tensor. */
int32_t acm_tensor_share(const acm_tensor *tensor, acm_tensor **result);
int32_t acm_tensor_rank(const acm_tensor *tensor, int32_t *rank);
/* Writes `rank` numbers. */
int32_t acm_tensor_shape(const acm_tensor *tensor, int64_t *shape);
/* Writes `rank` numbers, in elements. */
int32_t acm_tensor_strides(const acm_tensor *tensor, int64_t *strides);
int32_t acm_tensor_scalar_type(const acm_tensor *tensor, int32_t *scalar_type);
int32_t acm_tensor_device(const acm_tensor *tensor, int32_t *type, int32_t *index);
int32_t acm_tensor_is_contiguous(const acm_tensor *tensor, bool *contiguous);
/* Address of the first element, in the memory of the tensor's device. */
int32_t acm_tensor_data(const acm_tensor *tensor, void **data);
/* References handed out and not yet given back, over the whole process. */
int32_t acm_tensor_live_count(int64_t *count);
/*
 * Copies a tensor to a device on a stream beside the one that this thread uses
 * there. Work that is queued on the latter from now on waits for the copy; work
 * that was queued before goes on meanwhile. The host does not wait when the
 * tensor lies in pinned memory.
 */
int32_t acm_tensor_copy_aside(const acm_tensor *tensor, int32_t device_type, int32_t device_index,
                              acm_tensor **result);

/* --- autograd ----------------------------------------------------------- */

int32_t acm_tensor_requires_gradient(const acm_tensor *tensor, bool *required);
int32_t acm_tensor_set_requires_gradient(acm_tensor *tensor, bool required);
/* The accumulated gradient, or null. */
int32_t acm_tensor_gradient(const acm_tensor *tensor, acm_tensor **gradient);
/* Replaces the accumulated gradient; null clears it. */
int32_t acm_tensor_set_gradient(acm_tensor *tensor, const acm_tensor *gradient);
/* Accumulates gradients into the leaves. A null `seed` stands for one, for a scalar tensor. */
int32_t acm_tensor_backward(const acm_tensor *tensor, const acm_tensor *seed, bool retain_graph);
/*
 * A computation on tensors. It takes the references to its inputs over, hands new references to its
 * results out, at most `result_capacity`, and returns a status; where that is not ACM_OK it writes
 * why to `message`, with a closing zero.
 */
typedef int32_t (*acm_computation)(void *context, acm_tensor *const *inputs, int32_t input_count,
                                   acm_tensor **results, int32_t result_capacity,
                                   int32_t *result_count, char *message, int32_t message_capacity);
/*
 * The results of `run` on some inputs, of which backward keeps the inputs alone: it calls `run` once
 * more, on whatever thread backward works, with autocast as it is now. `run` must then compute the
 * same; tensors that it uses besides its inputs and that require gradients get theirs. With recording
 * off it runs just once. `release(context)` is called once when `run` is needed no more, whatever
 * the status is.
 */
int32_t acm_tensor_recomputed(acm_tensor *const *inputs, int32_t input_count, acm_computation run,
                              void (*release)(void *context), void *context, acm_tensor **results,
                              int32_t result_capacity, int32_t *result_count);
/* Whether operators on this thread are recorded for backward. */
int32_t acm_gradient_mode(bool *enabled);
int32_t acm_gradient_mode_set(bool enabled, bool *previous);
/* Autocast on this thread for one device type; disabling also drops its cache of cast weights. */
int32_t acm_autocast_set(int32_t device_type, bool enabled, int32_t scalar_type);

/* --- devices ------------------------------------------------------------ */

/* Zero where libtorch has no such backend or the driver finds no device. */
int32_t acm_device_count(int32_t type, int32_t *count);
/* Name of an NVIDIA device, written with its closing zero. */
int32_t acm_device_name(int32_t type, int32_t index, char *name, int32_t capacity);
int32_t acm_device_synchronize(int32_t type, int32_t index);
/* Bytes that libtorch's allocator has in use now, holds from the driver, and had in use at most. */
int32_t acm_device_memory(int32_t type, int32_t index, int64_t *used, int64_t *reserved,
                          int64_t *peak);
int32_t acm_device_reset_peak_memory(int32_t type, int32_t index);
/* Energy that an NVIDIA device has taken since its driver was loaded, as NVML tells it: some tens of
   milliseconds old. */
int32_t acm_device_energy(int32_t type, int32_t index, int64_t *millijoules);

/* --- CUDA graphs -------------------------------------------------------- */

typedef struct acm_graph acm_graph;
/* Some work; whether it succeeded. */
typedef bool (*acm_work)(void *context, bool is_recorded);

/*
 * Records what `run` gives to a CUDA device, to be launched again as a whole. `run` is called
 * `warm_up_count` times first, so that what only a first call sets up is there, and once more to be
 * recorded, all on this thread and on a stream of its own. The recorded run computes nothing yet, must
 * not wait for the device, and takes its memory from a pool of the graph's: a tensor that it leaves has
 * the results of the latest launch, which read whatever is then in the memory that the run read.
 * ACM_FAILURE where `run` fails; ACM_UNAVAILABLE where the library was built without CUDA graphs.
 */
int32_t acm_graph_capture(int32_t device_type, int32_t device_index, int32_t warm_up_count, acm_work run,
                          void *context, acm_graph **result);
/* Launches it after the work that this thread has given to the device; does not wait for it. */
int32_t acm_graph_replay(acm_graph *graph);
/* Null is allowed. */
int32_t acm_graph_free(acm_graph *graph);

/* --- processes that train together -------------------------------------- */

typedef struct acm_process_group acm_process_group;
typedef struct acm_reducer acm_reducer;

/* Reductions. */
#define ACM_SUM 0
#define ACM_MAXIMUM 1

/*
 * Meets the other processes of a group of `size`, numbered from 0; the first listens at
 * `host`:`port`. All call this, and each function below, in the same order. Tensors on the host
 * go through Gloo; with `device_type` ACM_CUDA those on devices go through NCCL, where the library
 * was built with it. What waits for another process gives up after the timeout; so does what is
 * left when a process ends: ACM_LOST_PROCESS.
 */
int32_t acm_process_group_create(int32_t rank, int32_t size, const char *host, int32_t port,
                                 int32_t device_type, int64_t timeout_milliseconds,
                                 acm_process_group **result);
/* Null is allowed. */
int32_t acm_process_group_free(acm_process_group *group);
/* Replaces each element of a contiguous tensor by its sum or maximum over all processes. */
int32_t acm_process_group_all_reduce(const acm_process_group *group, acm_tensor *tensor,
                                     int32_t reduction);
/* The tensors of all processes, of one shape: `[size, ...]`. */
int32_t acm_process_group_all_gather(const acm_process_group *group, const acm_tensor *tensor,
                                     acm_tensor **result);
/* Replaces the elements of a contiguous tensor by those that process `root` has. */
int32_t acm_process_group_broadcast(const acm_process_group *group, acm_tensor *tensor, int32_t root);
/* Waits until all processes have come here. */
int32_t acm_process_group_barrier(const acm_process_group *group);

/*
 * Averages gradients over the processes of a group, bucket by bucket while backward goes on. The
 * parameters are leaves, the same ones in each process.
 */
int32_t acm_reducer_create(const acm_process_group *group, acm_tensor *const *parameters, int32_t count,
                           acm_reducer **result);
/*
 * acm_tensor_backward from a scalar, after which each parameter that any process used has the mean of
 * all processes' gradients. Gradients that other calls of acm_tensor_backward left are averaged too.
 */
int32_t acm_reducer_backward(acm_reducer *reducer, const acm_tensor *loss);
/* Null is allowed. Goes before its parameters' last use. */
int32_t acm_reducer_free(acm_reducer *reducer);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
