#include <c10/util/Exception.h>

#include <torch/csrc/distributed/c10d/reducer.hpp>
#include <type_traits>

#include "distributed.h"

struct acm_reducer {
    c10::intrusive_ptr<c10d::ProcessGroup> group;
    std::chrono::milliseconds timeout;
    std::unique_ptr<c10d::Reducer> reducer;
};

namespace {

/// Takes libtorch's remark that every parameter has a gradient, which is as it should be.
struct Silence : c10::WarningHandler {
    void process(const c10::Warning &) override {}
};

/// The last arguments differ between libtorch's versions; `Lists` are those that the first did not have.
template <typename... Lists>
std::unique_ptr<c10d::Reducer> make(const std::vector<at::Tensor> &parameters,
                                    const c10::intrusive_ptr<c10d::ProcessGroup> &group, Lists... lists) {
    // Gradients come about from the last layer to the first: so are the buckets filled, the first one
    // small, that it sets out early.
    std::vector<at::Tensor> reversed(parameters.rbegin(), parameters.rend());
    std::vector<int64_t> places(reversed.size());
    for (size_t place = 0; place < places.size(); ++place)
        places[place] = static_cast<int64_t>(places.size() - 1 - place);
    std::vector<size_t> sizes{c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap};
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(reversed, sizes, {}, places));
    return std::make_unique<c10d::Reducer>(
        parameters, std::move(buckets), group, std::vector<bool>(parameters.size(), false),
        int64_t(c10d::kDefaultBucketBytesCap), /*find_unused_parameters=*/true,
        /*gradient_as_bucket_view=*/true, std::unordered_map<size_t, std::string>(),
        int64_t(c10d::kDefaultFirstBucketBytes), /*skip_all_reduce_unused_params=*/false,
        /*use_python_reducer=*/false, std::move(lists)...);
}

template <typename... Lists>
constexpr bool takes = std::is_constructible_v<
    c10d::Reducer, std::vector<at::Tensor>, std::vector<std::vector<size_t>>,
    c10::intrusive_ptr<c10d::ProcessGroup>, std::vector<bool>, int64_t, bool, bool,
    std::unordered_map<size_t, std::string>, int64_t, bool, bool, Lists...>;

template <typename List>
std::unique_ptr<c10d::Reducer> makeForVersion(const std::vector<at::Tensor> &parameters,
                                              const c10::intrusive_ptr<c10d::ProcessGroup> &group) {
    if constexpr (takes<List>) return make(parameters, group, List{});
    else return make(parameters, group);
}

}  // namespace

int32_t acm_reducer_create(const acm_process_group *group, acm_tensor *const *parameters, int32_t count,
                           acm_reducer **result) {
    return acm::guarded([&] {
        acm::require(result, "result");
        acm::require(group, "process group");
        if (count < 1) throw acm::InvalidArgument("a reducer needs at least one parameter");
        acm::require(parameters, "parameters");
        std::vector<at::Tensor> tensors;
        for (int32_t index = 0; index < count; ++index) {
            tensors.push_back(acm::unwrap(parameters[index]));
            if (!tensors.back().is_leaf() || !tensors.back().requires_grad())
                throw acm::InvalidArgument("parameter " + std::to_string(index) +
                                           " is no leaf that requires gradients");
        }
        auto made = std::make_unique<acm_reducer>();
        made->group = group->group;
        made->timeout = group->timeout;
        acm::together(*group, [&] {
            c10d::verify_params_across_processes(group->group, tensors, {});
            made->reducer = makeForVersion<std::vector<int64_t>>(tensors, group->group);
        });
        *result = made.release();
    });
}

int32_t acm_reducer_backward(acm_reducer *reducer, const acm_tensor *loss) {
    return acm::guarded([&] {
        acm::require(reducer, "reducer");
        at::Tensor tensor = acm::unwrap(loss);
        acm_process_group group{reducer->group, reducer->timeout};
        acm::together(group, [&] {
            {
                static Silence silence;
                c10::WarningUtils::WarningHandlerGuard guard(&silence);
                reducer->reducer->prepare_for_backward({tensor});
            }
            tensor.backward();
        });
    });
}

int32_t acm_reducer_free(acm_reducer *reducer) {
    return acm::guarded([&] { delete reducer; });
}
