#include <ATen/ops/from_blob.h>

#include <atomic>

#include "boundary.h"

// A handle is the address of the TensorImpl itself and owns one reference to it.

namespace {
std::atomic<int64_t> liveCount{0};

c10::TensorImpl *implementation(const acm_tensor *handle) {
    acm::require(handle, "tensor");
    return reinterpret_cast<c10::TensorImpl *>(const_cast<acm_tensor *>(handle));
}
}  // namespace

namespace acm {

acm_tensor *wrap(at::Tensor tensor) {
    liveCount.fetch_add(1, std::memory_order_relaxed);
    return reinterpret_cast<acm_tensor *>(tensor.unsafeReleaseTensorImpl());
}

at::Tensor unwrap(const acm_tensor *handle) {
    return at::Tensor(
        c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(
            implementation(handle)));
}

}  // namespace acm

int32_t acm_tensor_create(void *data, int32_t scalar_type, const int64_t *shape, int32_t rank,
                          void (*deallocate)(void *context), void *context, acm_tensor **result) {
    return acm::guarded([&] {
        acm::require(result, "result");
        if (rank < 0) throw acm::InvalidArgument("rank is negative");
        if (rank > 0) acm::require(shape, "shape");
        c10::ScalarType type = acm::scalarType(scalar_type);
        auto bytes = static_cast<int64_t>(c10::elementSize(type));
        for (int32_t axis = 0; axis < rank; ++axis) {
            if (shape[axis] < 0 || __builtin_mul_overflow(bytes, shape[axis], &bytes))
                throw acm::InvalidArgument("shape has a negative or too large size at axis " +
                                           std::to_string(axis));
        }
        if (bytes > 0) acm::require(data, "data");
        auto options = at::TensorOptions().dtype(type);
        at::IntArrayRef sizes(shape, static_cast<size_t>(rank));
        at::Tensor tensor;
        if (deallocate != nullptr && data != nullptr) {
            // Disarmed until the tensor exists, so that a failure leaves the data to the caller.
            auto armed = std::make_shared<bool>(false);
            tensor = at::from_blob(
                data, sizes,
                [deallocate, context, armed](void *) {
                    if (*armed) deallocate(context);
                },
                options);
            *armed = true;
        } else {
            tensor = at::from_blob(data, sizes, options);
            if (deallocate != nullptr) deallocate(context);
        }
        *result = acm::wrap(std::move(tensor));
    });
}

int32_t acm_tensor_free(acm_tensor *tensor) {
    return acm::guarded([&] {
        if (tensor == nullptr) return;
        liveCount.fetch_sub(1, std::memory_order_relaxed);
        c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(
            implementation(tensor));
    });
}

int32_t acm_tensor_share(const acm_tensor *tensor, acm_tensor **result) {
    return acm::guarded([&] {
        acm::require(tensor, "tensor");
        acm::require(result, "result");
        *result = acm::wrap(acm::unwrap(tensor));
    });
}

int32_t acm_tensor_rank(const acm_tensor *tensor, int32_t *rank) {
    return acm::guarded([&] {
        acm::require(rank, "rank");
        *rank = static_cast<int32_t>(implementation(tensor)->dim());
    });
}

int32_t acm_tensor_shape(const acm_tensor *tensor, int64_t *shape) {
    return acm::guarded([&] {
        auto sizes = implementation(tensor)->sizes();
        if (!sizes.empty()) acm::require(shape, "shape");
        std::copy(sizes.begin(), sizes.end(), shape);
    });
}

int32_t acm_tensor_strides(const acm_tensor *tensor, int64_t *strides) {
    return acm::guarded([&] {
        auto steps = implementation(tensor)->strides();
        if (!steps.empty()) acm::require(strides, "strides");
        std::copy(steps.begin(), steps.end(), strides);
    });
}

int32_t acm_tensor_scalar_type(const acm_tensor *tensor, int32_t *scalar_type) {
    return acm::guarded([&] {
        acm::require(scalar_type, "scalar_type");
        auto type = c10::typeMetaToScalarType(implementation(tensor)->dtype());
        *scalar_type = static_cast<int32_t>(type);
    });
}

int32_t acm_tensor_device(const acm_tensor *tensor, int32_t *type, int32_t *index) {
    return acm::guarded([&] {
        acm::require(type, "type");
        acm::require(index, "index");
        auto device = implementation(tensor)->device();
        *type = static_cast<int32_t>(device.type());
        *index = device.has_index() ? device.index() : 0;
    });
}

int32_t acm_tensor_is_contiguous(const acm_tensor *tensor, bool *contiguous) {
    return acm::guarded([&] {
        acm::require(contiguous, "contiguous");
        *contiguous = implementation(tensor)->is_contiguous();
    });
}

int32_t acm_tensor_data(const acm_tensor *tensor, void **data) {
    return acm::guarded([&] {
        acm::require(data, "data");
        *data = implementation(tensor)->mutable_data();
    });
}

int32_t acm_tensor_live_count(int64_t *count) {
    return acm::guarded([&] {
        acm::require(count, "count");
        *count = liveCount.load(std::memory_order_relaxed);
    });
}
