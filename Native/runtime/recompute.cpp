#include <ATen/autocast_mode.h>
#include <ATen/core/ivalue.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "boundary.h"

// Activation checkpointing: the graph holds one node for the whole computation, which keeps the
// inputs alone. Backward runs the computation again, recorded, and goes through that inner graph
// at once; the parameters that the computation uses get their gradients there.

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int32_t resultCapacity = 64;
constexpr int32_t messageCapacity = 1024;

at::Tensor take(acm_tensor *handle) {
    at::Tensor tensor = acm::unwrap(handle);
    acm_tensor_free(handle);
    return tensor;
}

/// The caller's function, released with its last owner.
struct Computation : torch::CustomClassHolder {
    acm_computation run;
    void (*releaseContext)(void *);
    void *context;

    Computation(acm_computation run, void (*release)(void *), void *context)
        : run(run), releaseContext(release), context(context) {}
    ~Computation() override {
        if (releaseContext != nullptr) releaseContext(context);
    }

    variable_list operator()(const variable_list &inputs) const {
        std::vector<acm_tensor *> handles;
        handles.reserve(inputs.size());
        for (const at::Tensor &input : inputs) handles.push_back(acm::wrap(input));
        std::array<acm_tensor *, resultCapacity> results{};
        std::array<char, messageCapacity> message{};
        int32_t count = 0;
        int32_t status = run(context, handles.data(), static_cast<int32_t>(handles.size()),
                             results.data(), resultCapacity, &count, message.data(), messageCapacity);
        if (status != ACM_OK) throw std::runtime_error(message.data());
        variable_list taken;
        for (int32_t index = 0; index < count; ++index) taken.push_back(take(results[index]));
        return taken;
    }
};

/// Autocast as it is on this thread; backward may run on another.
struct Autocast {
    static constexpr std::array<c10::DeviceType, 2> types{c10::DeviceType::CPU,
                                                          c10::DeviceType::CUDA};
    std::array<bool, 2> enabled{};
    std::array<c10::ScalarType, 2> scalarTypes{};

    static Autocast current() {
        Autocast state;
        for (size_t index = 0; index < types.size(); ++index) {
            state.enabled[index] = at::autocast::is_autocast_enabled(types[index]);
            state.scalarTypes[index] = at::autocast::get_autocast_dtype(types[index]);
        }
        return state;
    }

    void set() const {
        for (size_t index = 0; index < types.size(); ++index) {
            at::autocast::set_autocast_dtype(types[index], scalarTypes[index]);
            at::autocast::set_autocast_enabled(types[index], enabled[index]);
        }
        // Casts of weights that were made while nothing was recorded carry no gradients.
        at::autocast::clear_cache();
    }
};

/// Sets autocast for a scope, with no casts kept from before it or after it.
class AutocastScope {
public:
    explicit AutocastScope(const Autocast &state) : before_(Autocast::current()) { state.set(); }
    AutocastScope(const AutocastScope &) = delete;
    ~AutocastScope() { before_.set(); }

private:
    Autocast before_;
};

struct State : torch::CustomClassHolder {
    c10::intrusive_ptr<Computation> computation;
    Autocast autocast;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
    /// `marker` requires a gradient, so that the results do even where no input does.
    static variable_list forward(AutogradContext *context, at::Tensor marker,
                                 c10::intrusive_ptr<Computation> computation, at::TensorList given) {
        variable_list inputs = given.vec();
        auto state = c10::make_intrusive<State>();
        state->computation = std::move(computation);
        state->autocast = Autocast::current();
        context->save_for_backward(inputs);
        AutocastScope scope(state->autocast);
        variable_list results = (*state->computation)(inputs);
        context->saved_data["state"] = c10::IValue::make_capsule(std::move(state));
        return results;
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto capsule = context->saved_data["state"].toCapsule();
        auto *state = static_cast<State *>(capsule.get());
        variable_list inputs, results, roots, seeds;
        for (const at::Tensor &saved : context->get_saved_variables()) {
            at::Tensor input = saved.detach();
            if (saved.requires_grad()) input.requires_grad_();
            inputs.push_back(std::move(input));
        }
        {
            c10::AutoGradMode recording(true);
            AutocastScope scope(state->autocast);
            results = (*state->computation)(inputs);
        }
        if (results.size() != gradients.size())
            throw std::runtime_error("a computation gave " + std::to_string(gradients.size()) +
                                     " results at first and " + std::to_string(results.size()) +
                                     " when it was repeated");
        for (size_t index = 0; index < results.size(); ++index) {
            if (!gradients[index].defined() || !results[index].requires_grad()) continue;
            roots.push_back(results[index]);
            seeds.push_back(gradients[index]);
        }
        if (!roots.empty()) torch::autograd::backward(roots, seeds);
        variable_list answer(2);  // of the marker and of the computation: none
        for (const at::Tensor &input : inputs) answer.push_back(input.grad());
        return answer;
    }
};

}  // namespace

int32_t acm_tensor_recomputed(acm_tensor *const *inputs, int32_t input_count, acm_computation run,
                              void (*release)(void *context), void *context, acm_tensor **results,
                              int32_t result_capacity, int32_t *result_count) {
    return acm::guarded([&] {
        auto computation = c10::make_intrusive<Computation>(run, release, context);
        if (input_count < 0) throw acm::InvalidArgument("input_count is negative");
        if (input_count > 0) acm::require(inputs, "inputs");
        acm::require(reinterpret_cast<const void *>(run), "run");
        acm::require(results, "results");
        acm::require(result_count, "result_count");
        variable_list given;
        for (int32_t index = 0; index < input_count; ++index)
            given.push_back(acm::unwrap(inputs[index]));
        variable_list found;
        if (c10::GradMode::is_enabled()) {
            at::Tensor marker = at::empty({0});
            marker.requires_grad_();
            found = Recomputed::apply(marker, computation, at::TensorList(given));
        } else {
            found = (*computation)(given);
        }
        if (static_cast<int64_t>(found.size()) > result_capacity)
            throw acm::InvalidArgument("the computation gave " + std::to_string(found.size()) +
                                       " results, there is room for " +
                                       std::to_string(result_capacity));
        for (size_t index = 0; index < found.size(); ++index) results[index] = acm::wrap(found[index]);
        *result_count = static_cast<int32_t>(found.size());
    });
}
