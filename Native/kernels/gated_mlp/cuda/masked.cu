// Between the dense products of few tokens: the activation, and zeros in place of what no learner of a token gives.
//
//     for each token t: hidden[t, i] = i < choice[t] * learnerWidth ? activation(hidden[t, i]) : 0
//
// A thread takes 16 bytes of a row, or one element where rows do not start at multiples of 16 bytes.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "activation.cuh"
#include "sort.cuh"

namespace acm::gated_mlp::cuda {

namespace {

constexpr int threads = 256;

template <typename T, int count>
struct alignas(count * sizeof(T)) Pack {
    T elements[count];
};

template <typename T, typename Integer, int each>
__global__ __launch_bounds__(threads) void activateChosen(T *hidden, const Integer *choice, int columns,
                                                         int learnerWidth, int learners, Activation activation) {
    const int blocksOfRow = (columns + threads * each - 1) / (threads * each);
    const int token = blockIdx.x / blocksOfRow;
    const int first = (blockIdx.x % blocksOfRow * threads + threadIdx.x) * each;
    if (first >= columns) return;
    const int end = sorting::choiceOf(choice, token, learners) * learnerWidth;
    auto &pack = *reinterpret_cast<Pack<T, each> *>(hidden + int64_t{token} * columns + first);
    Pack<T, each> result = {};
    if (first < end) {
        const Pack<T, each> sums = pack;
        withActivation(activation, [&](auto constant) {
            constexpr Activation kind = decltype(constant)::value;
#pragma unroll
            for (int i = 0; i < each; ++i)
                if (first + i < end)
                    result.elements[i] = static_cast<T>(
                        activate<kind, std::is_same_v<T, __nv_bfloat16>>(static_cast<float>(sums.elements[i])));
        });
    }
    pack = result;
}

template <typename T, typename Integer, int each>
void launch(const Call &call) {
    const int columns = call.hidden();
    const int64_t blocksOfRow = (columns + threads * each - 1) / (threads * each);
    activateChosen<T, Integer, each><<<static_cast<unsigned>(call.tokens * blocksOfRow), threads, 0, call.stream>>>(
        static_cast<T *>(call.hiddenBuffer), static_cast<const Integer *>(call.choice), columns, call.learnerWidth,
        call.learners, static_cast<Activation>(call.activation));
    check(cudaGetLastError(), "masking the hidden channels");
}

template <typename T, typename Integer>
void launch(const Call &call) {
    constexpr int most = 16 / sizeof(T);
    call.hidden() % most == 0 ? launch<T, Integer, most>(call) : launch<T, Integer, 1>(call);
}

template <typename T>
void launch(const Call &call) {
    call.wideChoice ? launch<T, int64_t>(call) : launch<T, int>(call);
}

}  // namespace

void activateChosen(const Call &call) {
    switch (call.type) {
        case Type::bfloat16: return launch<__nv_bfloat16>(call);
        case Type::float16: return launch<__half>(call);
        case Type::float32: return launch<float>(call);
    }
}

}  // namespace acm::gated_mlp::cuda
