// Chooses the tiles of the Hopper kernels, describes the matrices to the copy engine, launches.
#include "sm90_launch.h"

#include <cudaTypedefs.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>

namespace acm::gated_mlp::cuda {

namespace {

using namespace sm90;

constexpr int64_t mostTokens = 1 << 30;

int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The kernel of these tiles; its function is null if there is none.
Kernel find(Type type, bool first, const Tiling &tiling) {
    if (tiling.splits != 1 && tiling.splits != 2 && tiling.splits != 4) return {};
    auto of = type == Type::bfloat16 ? bfloat16Kernel : float16Kernel;
    return of(first, tiling.columns, tiling.sharing, tiling.splits > 1);
}

/// libcuda's function without linking to libcuda, which a machine without a GPU lacks.
PFN_cuTensorMapEncodeTiled_v12000 encoder() {
    static const auto function = [] {
        void *found = nullptr;
        cudaDriverEntryPointQueryResult result;
        check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000,
                                               cudaEnableDefault, &result),
              "looking for cuTensorMapEncodeTiled");
        if (!found) throw std::runtime_error("acm::gated_mlp: the driver has no cuTensorMapEncodeTiled");
        return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(found);
    }();
    return function;
}

/// A matrix of 16-bit elements, read in boxes of 64 columns, swizzled as wgmma reads them; zeros
/// outside.
CUtensorMap describeMatrix(Type type, const void *data, int64_t rows, int64_t columns,
                           int64_t stride, int boxRows) {
    CUtensorMap map;
    cuuint64_t sizes[] = {static_cast<cuuint64_t>(columns), static_cast<cuuint64_t>(rows)};
    cuuint64_t strides[] = {static_cast<cuuint64_t>(stride * 2)};
    cuuint32_t box[] = {64, static_cast<cuuint32_t>(boxRows)}, steps[] = {1, 1};
    CUresult result = encoder()(
        &map,
        type == Type::bfloat16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
        2, const_cast<void *>(data), sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
        CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result != CUDA_SUCCESS)
        throw std::runtime_error("acm::gated_mlp: cuTensorMapEncodeTiled failed with " +
                                 std::to_string(result));
    return map;
}

cudaLaunchConfig_t configuration(const Kernel &kernel, int clusterSize, cudaStream_t stream,
                                 cudaLaunchAttribute *attributes) {
    cudaLaunchConfig_t launch = {};
    launch.blockDim = dim3(kernel.threads);
    launch.dynamicSmemBytes = kernel.sharedBytes;
    launch.stream = stream;
    launch.attrs = attributes;
    attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[0].val.programmaticStreamSerializationAllowed = 1;
    attributes[1].id = cudaLaunchAttributeClusterDimension;
    attributes[1].val.clusterDim.x = clusterSize;
    attributes[1].val.clusterDim.y = 1;
    attributes[1].val.clusterDim.z = 1;
    launch.numAttrs = clusterSize > 1 ? 2 : 1;
    return launch;
}

/// Clusters that run at once; sets the kernel up at its first use on the device.
int residentClusters(const Call &call, const Kernel &kernel, int clusterSize) {
    static std::mutex mutex;
    static std::map<std::tuple<int, const void *, int>, int> known;
    std::lock_guard lock(mutex);
    auto [entry, isNew] = known.try_emplace({call.device, kernel.function, clusterSize}, 0);
    if (!isNew && entry->second > 0) return entry->second;
    check(cudaFuncSetAttribute(kernel.function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               kernel.sharedBytes),
          "raising the limit of shared memory");
    int clusters = call.multiprocessors;
    if (clusterSize > 1) {
        cudaLaunchAttribute attributes[2];
        auto launch = configuration(kernel, clusterSize, call.stream, attributes);
        launch.attrs = attributes + 1;
        launch.numAttrs = 1;
        launch.gridDim = dim3(call.multiprocessors / clusterSize * clusterSize);
        check(cudaOccupancyMaxActiveClusters(&clusters, kernel.function, &launch),
              "asking how many clusters run at once");
    }
    if (clusters < 1) throw std::runtime_error("acm::gated_mlp: a kernel does not fit the device");
    return entry->second = clusters;
}

void launchProduct(const Call &call, bool first, const Tiling &tiling, const Parameters &parameters,
                   const CUtensorMap &hidden, const void *weights, int64_t weightColumns,
                   int64_t weightStride) {
    Kernel kernel = find(call.type, first, tiling);
    if (!kernel.function)
        throw std::runtime_error("acm::gated_mlp: no kernel has tiles of " +
                                 std::to_string(tiling.columns) + " columns, sharing " +
                                 std::to_string(tiling.sharing) + ", splits " +
                                 std::to_string(tiling.splits));
    CUtensorMap right = describeMatrix(call.type, weights, parameters.columns, weightColumns,
                                       weightStride, kernel.boxRows);
    int clusterSize = tiling.sharing * tiling.splits;
    int64_t tiles = ceilDivide(parameters.rows, kernel.tileRows * tiling.sharing) *
                    ceilDivide(parameters.columns, tiling.columns);
    int64_t clusters = std::min<int64_t>(tiles, residentClusters(call, kernel, clusterSize));
    cudaLaunchAttribute attributes[2];
    auto launch = configuration(kernel, clusterSize, call.stream, attributes);
    launch.gridDim = dim3(static_cast<unsigned>(clusters * clusterSize));
    void *arguments[] = {const_cast<Parameters *>(&parameters), const_cast<CUtensorMap *>(&hidden), &right};
    check(cudaLaunchKernelExC(&launch, kernel.function, arguments), "launching a product");
}

/// How much wider than needed the columns are in whole tiles, over all choices.
double waste(const Call &call, int tileColumns) {
    int64_t needed = 0, taken = 0;
    for (int n = 1; n <= call.learners; ++n) {
        needed += n * call.learnerWidth;
        taken += ceilDivide(n * call.learnerWidth, tileColumns) * tileColumns;
    }
    return static_cast<double>(taken) / static_cast<double>(needed);
}

/// Cycles of a product as if every learner ran, by a model in which a multiprocessor multiplies
/// 2048 pairs a cycle and takes in 52 bytes, the L2 cache gives all of them together 50 each, blocks that
/// share weights wait for each other, and a tile costs some cycles beside.
double estimate(const Call &call, bool first, const Tiling &tiling) {
    int64_t columns = first ? call.hidden() : call.outputs;
    int64_t steps = ceilDivide(ceilDivide(first ? call.channels : call.hidden(), 64), tiling.splits);
    int64_t tiles = ceilDivide(call.tokens, 128 * tiling.sharing) * ceilDivide(columns, tiling.columns);
    int64_t blocks = tiling.sharing * tiling.splits;
    int64_t clusters = std::max<int64_t>(1, call.multiprocessors / blocks);
    double busy = static_cast<double>(std::min(tiles, clusters) * blocks) / call.multiprocessors;
    double taken = 128.0 * (128 + tiling.columns);
    double read = 128.0 * (128 + static_cast<double>(tiling.columns) / tiling.sharing);
    double step = std::max({4.0 * tiling.columns, taken / 52, read * busy / 50});
    double beside = tiling.splits > 1 ? 110 * tiling.columns : first ? 600 + 4 * tiling.columns : 1200;
    double cycles = static_cast<double>(ceilDivide(tiles, clusters)) * (static_cast<double>(steps) * step + beside) *
                    (tiling.sharing > 1 ? 1.08 : 1);
    return first ? cycles * waste(call, tiling.columns) : cycles;
}

Tiling best(const Call &call, bool first, std::initializer_list<Tiling> candidates) {
    return *std::min_element(candidates.begin(), candidates.end(), [&](const Tiling &a, const Tiling &b) {
        return estimate(call, first, a) < estimate(call, first, b);
    });
}

bool isAligned(const void *pointer, size_t bytes) {
    return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

}  // namespace

bool hopperTakes(const Call &call) {
    return call.type != Type::float32 && call.learners <= maximumLearners && call.tokens > 0 &&
           call.tokens < mostTokens && call.channels >= 8 && call.channels % 8 == 0 &&
           call.learnerWidth >= 8 && call.learnerWidth % 8 == 0 && call.outputs >= 8 &&
           call.outputs % 8 == 0 && call.inputStride % 8 == 0 && call.w1Stride % 8 == 0 &&
           call.w2Stride % 8 == 0 && isAligned(call.input, 16) && isAligned(call.w1, 16) &&
           isAligned(call.w2, 16) && isAligned(call.b1, 16) && isAligned(call.bias, 16);
}

bool hopperHas(Type type, const Tilings &tilings) {
    return find(type, true, tilings.first).function && find(type, false, tilings.second).function;
}

Tilings hopperTilings(const Call &call) {
    return {best(call, true, {{256, 2, 1}, {192, 2, 1}, {192, 1, 1}, {128, 1, 1}, {64, 1, 1}}),
            best(call, false,
                 {{192, 2, 1}, {192, 2, 2}, {192, 1, 1}, {192, 1, 2}, {128, 1, 1}, {128, 1, 2},
                  {128, 1, 4}, {64, 1, 1}, {64, 1, 2}, {64, 1, 4}})};
}

void hopper(const Call &call, const Tilings &tilings) {
    const bool sortsItself = call.tokens <= fewTokens;
    if (!sortsItself) sortByChoice(call);
    Order sorted = order(call);
    auto describeHidden = [&](int boxRows) {
        return describeMatrix(call.type, call.hiddenBuffer, call.tokens, call.hidden(), call.hidden(), boxRows);
    };
    Parameters parameters = {};
    parameters.input = call.input;
    parameters.inputStride = call.inputStride;
    parameters.order = sorted.tokens;
    parameters.atLeast = sorted.atLeast;
    parameters.choice = sortsItself ? call.choice : nullptr;
    parameters.wideChoice = call.wideChoice;
    parameters.bias = call.b1;
    parameters.rows = static_cast<int>(call.tokens);
    parameters.columns = call.hidden();
    parameters.depth = call.channels;
    parameters.learners = call.learners;
    parameters.learnerWidth = call.learnerWidth;
    parameters.granule = 128 * std::max(tilings.first.sharing, tilings.second.sharing);
    parameters.activation = static_cast<Activation>(call.activation);
    // A warp stores 16 rows of H at a time, a block fetches 128.
    launchProduct(call, true, tilings.first, parameters, describeHidden(16), call.w1, call.channels,
                  call.w1Stride);

    parameters.bias = call.bias;
    parameters.output = call.output;
    parameters.outputStride = call.outputs;
    parameters.columns = call.outputs;
    parameters.depth = call.hidden();
    launchProduct(call, false, tilings.second, parameters, describeHidden(128), call.w2, call.hidden(),
                  call.w2Stride);
}

}  // namespace acm::gated_mlp::cuda
