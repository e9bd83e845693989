#include "check.h"
#include "handles.h"

namespace {

/// Runs that have been asked for, and which one fails.
struct Work {
    const acm_operator *multiply = find("aten::mul", "Tensor");
    Tensor input;
    Tensor output;
    int runs = 0;
    int failing = -1;

    static bool run(void *context, bool isRecorded) {
        auto *work = static_cast<Work *>(context);
        if (++work->runs == work->failing) return false;
        work->output = compute(work->multiply, {value::tensor(work->input), value::tensor(work->input)});
        return true;
    }
};

Tensor onDevice(const std::vector<float> &numbers) {
    Tensor host = tensor(numbers, {static_cast<int64_t>(numbers.size())});
    acm_tensor *copy = nullptr;
    expect(acm_tensor_copy_aside(host.get(), ACM_CUDA, 0, &copy));
    return Tensor(copy);
}

std::vector<float> onHost(const Tensor &device) {
    acm_tensor *copy = nullptr;
    expect(acm_tensor_copy_aside(device.get(), ACM_CPU, 0, &copy));
    return numbers(Tensor(copy));
}

bool hasGraphs() {
    int32_t count = 0;
    expect(acm_device_count(ACM_CUDA, &count));
    return count > 0 && acm_graph_replay(nullptr) != ACM_UNAVAILABLE;
}

}  // namespace

TEST(graphsWhereThereAreNoneAreRefused) {
    Work work;
    acm_graph *graph = nullptr;
    EXPECT_REFUSED(acm_graph_capture(ACM_CPU, 0, 1, Work::run, &work, &graph), ACM_UNAVAILABLE, "CUDA");
    EXPECT_REFUSED(acm_graph_capture(ACM_CUDA, 127, 1, Work::run, &work, &graph), ACM_UNAVAILABLE, "");
    EXPECT(graph == nullptr && work.runs == 0);
    EXPECT_OK(acm_graph_free(nullptr));
}

TEST(aReplayReadsWhatTheInputsHoldThen) {
    if (!hasGraphs()) return;
    Work work;
    work.input = onDevice({1, 2, 3});
    acm_graph *graph = nullptr;
    EXPECT_OK(acm_graph_capture(ACM_CUDA, 0, 2, Work::run, &work, &graph));
    EXPECT(work.runs == 3);
    expect(attempt(find("aten::copy_"), {value::tensor(work.input), value::tensor(tensor({4, 5, 6}, {3}))}));
    EXPECT_OK(acm_graph_replay(graph));
    EXPECT((onHost(work.output) == std::vector<float>{16, 25, 36}));
    EXPECT_OK(acm_graph_replay(graph));
    EXPECT((onHost(work.output) == std::vector<float>{16, 25, 36}));
    EXPECT_OK(acm_graph_free(graph));
}

TEST(aRunThatFailsLeavesTheDeviceUsable) {
    if (!hasGraphs()) return;
    for (int failing : {1, 2}) {
        Work work;
        work.input = onDevice({1, 2, 3});
        work.failing = failing;
        acm_graph *graph = nullptr;
        EXPECT_REFUSED(acm_graph_capture(ACM_CUDA, 0, 1, Work::run, &work, &graph), ACM_FAILURE,
                      "the work to record failed");
        EXPECT(graph == nullptr && work.runs == failing);
        EXPECT(onHost(work.input) == (std::vector<float>{1, 2, 3}));
    }
}

TEST(workThatWaitsForTheDeviceIsRefused) {
    if (!hasGraphs()) return;
    Work work;
    work.input = onDevice({1, 0, 3});
    work.multiply = nullptr;
    acm_graph *graph = nullptr;
    auto waits = [](void *context, bool isRecorded) {
        acm_value result{};
        int32_t count = 0;
        acm_value argument = value::tensor(static_cast<Work *>(context)->input);
        int32_t status = acm_operator_call(find("aten::nonzero"), &argument, 1, &result, 1, &count);
        if (status == ACM_OK) acm_tensor_free(result.tensor);
        return status == ACM_OK;
    };
    EXPECT_REFUSED(acm_graph_capture(ACM_CUDA, 0, 1, waits, &work, &graph), ACM_FAILURE, "failed");
    // Memory is given out and taken back as before.
    EXPECT(onHost(onDevice({7, 8})) == (std::vector<float>{7, 8}));
    Work other;
    other.input = onDevice({1, 2, 3});
    EXPECT_OK(acm_graph_capture(ACM_CUDA, 0, 1, Work::run, &other, &graph));
    EXPECT_OK(acm_graph_replay(graph));
    EXPECT((onHost(other.output) == std::vector<float>{1, 4, 9}));
    EXPECT_OK(acm_graph_free(graph));
}
