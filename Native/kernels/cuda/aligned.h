// Tensors as the CUDA kernels read them, in pieces of 16 bytes.
#pragma once

#include <ATen/core/Tensor.h>

namespace acm::gpu {

inline bool startsAligned(const at::Tensor &tensor) {
    return reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) % 16 == 0;
}

/// A matrix with contiguous rows that start at multiples of 16 bytes; copies another if it can help.
inline at::Tensor withAlignedRows(const at::Tensor &matrix) {
    auto bytes = static_cast<int64_t>(matrix.element_size());
    bool isAligned = matrix.stride(1) == 1 && matrix.stride(0) >= matrix.size(1) &&
                     matrix.stride(0) * bytes % 16 == 0 && startsAligned(matrix);
    return isAligned ? matrix : matrix.clone(at::MemoryFormat::Contiguous);
}

/// The tensor without gaps, from a multiple of 16 bytes on; copied if need be.
inline at::Tensor alignedWhole(const at::Tensor &tensor) {
    bool isAligned = tensor.is_contiguous() && startsAligned(tensor);
    return isAligned ? tensor : tensor.clone(at::MemoryFormat::Contiguous);
}

}  // namespace acm::gpu
