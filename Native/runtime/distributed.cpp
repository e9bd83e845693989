#include "distributed.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <c10/util/Logging.h>

#include <cstdlib>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/exception.h>

namespace {

using Milliseconds = std::chrono::milliseconds;

std::string seconds(Milliseconds timeout) {
    std::string text = std::to_string(timeout.count() / 1000.0);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text + " s";
}

/// The first line of a message without the places in libtorch's sources that begin or end it.
std::string reason(std::string text) {
    text = text.substr(0, text.find('\n'));
    if (text.starts_with('[')) text = text.substr(std::min(text.find("] ") + 2, text.size()));
    for (const char *end : {" Exception raised from", ". This is typically caused"})
        text = text.substr(0, text.find(end));
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
    return text;
}

c10d::ProcessGroup &groupBehind(const acm_process_group *group) {
    acm::require(group, "process group");
    return *group->group;
}

/// What goes between processes must fill its memory row by row.
at::Tensor dense(const acm_tensor *handle) {
    at::Tensor tensor = acm::unwrap(handle).detach();
    if (!tensor.is_contiguous())
        throw acm::InvalidArgument("a tensor that goes between processes must be contiguous");
    return tensor;
}

c10::intrusive_ptr<c10d::Backend> backend(const acm_process_group *group, const at::Tensor &tensor) {
    c10d::ProcessGroup &behind = groupBehind(group);
    if (!tensor.is_cpu() && !behind.hasBackends())
        throw acm::Unavailable("the process group has no backend for " + tensor.device().str());
    return behind.getBackend(tensor.device().type());
}

void wait(const c10::intrusive_ptr<c10d::Work> &work) {
    if (work) work->wait();
}

/// Keeps libtorch from logging each attempt to connect, with a trace of the stack: what matters is in the
/// exception. Whoever sets TORCH_CPP_LOG_LEVEL wants to see it.
class Quiet {
  public:
    Quiet() : before(FLAGS_caffe2_log_level) {
        if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
    }
    ~Quiet() { FLAGS_caffe2_log_level = before; }

  private:
    int before;
};

/// The meeting point of the processes, held by the first.
c10::intrusive_ptr<c10d::Store> meet(int32_t rank, int32_t size, const std::string &host,
                                     int32_t port, Milliseconds timeout) {
    std::string place = host + ":" + std::to_string(port);
    try {
        Quiet quiet;
        c10d::TCPStoreOptions options;
        options.port = static_cast<uint16_t>(port);
        options.isServer = rank == 0;
        options.numWorkers = static_cast<size_t>(size);
        options.timeout = timeout;
        auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
        store->setTimeout(timeout);
        return c10::make_intrusive<c10d::PrefixStore>("acm", store);
    } catch (const c10::Error &error) {
        std::string text = reason(error.what_without_backtrace());
        bool isTaken = text.find("EADDRINUSE") != std::string::npos ||
                       text.find("address already in use") != std::string::npos;
        if (isTaken)
            throw acm::Unavailable("process 0 cannot listen at " + place + ": the port is taken");
        throw acm::LostProcess("the " + std::to_string(size) + " processes did not meet at " + place +
                               " within " + seconds(timeout) + " (" + text + ")");
    }
}

}  // namespace

namespace acm {

void rethrowLoss(Milliseconds timeout) {
    std::string text;
    try {
        throw;
    } catch (const InvalidArgument &) {
        throw;
    } catch (const Unavailable &) {
        throw;
    } catch (const LostProcess &) {
        throw;
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const c10::OutOfMemoryError &) {
        throw;
    } catch (const c10::DistError &error) {
        text = error.what_without_backtrace();
    } catch (const std::exception &error) {
        // Gloo's exceptions have types that its missing headers declare; their texts tell them.
        text = error.what();
        bool isOfOthers = false;
        for (const char *part : {"gloo", "Connection closed", "Connection reset", "Timed out", "timed out",
                                 "Broken pipe", "NCCL", "ncclRemoteError", "Socket closed"})
            isOfOthers = isOfOthers || text.find(part) != std::string::npos;
        if (!isOfOthers) throw;
    }
    throw LostProcess("another process of the run ended, or did not answer within " +
                      seconds(timeout) + " (" + reason(text) + ")");
}

}  // namespace acm

int32_t acm_process_group_create(int32_t rank, int32_t size, const char *host, int32_t port,
                                 int32_t device_type, int64_t timeout_milliseconds,
                                 acm_process_group **result) {
    return acm::guarded([&] {
        acm::require(result, "result");
        acm::require(host, "host");
        if (size < 1 || rank < 0 || rank >= size)
            throw acm::InvalidArgument("process " + std::to_string(rank) + " of " + std::to_string(size) +
                                       " cannot be: ranks count from 0 to one less than the size");
        if (port < 1 || port > 65535)
            throw acm::InvalidArgument("port " + std::to_string(port) + " is not in 1...65535");
        if (timeout_milliseconds < 1) throw acm::InvalidArgument("timeout must be above 0");
        auto device = acm::device(device_type, 0).type();
#ifndef USE_C10D_NCCL
        if (device == c10::DeviceType::CUDA)
            throw acm::Unavailable(
                "this libacm.so was built without NCCL, so GPUs cannot train together: build it with "
                "scripts/build-native --cuda where libtorch has NCCL and its headers are found");
#endif
        Milliseconds timeout(timeout_milliseconds);
        auto store = meet(rank, size, host, port, timeout);
        auto made = std::make_unique<acm_process_group>();
        made->timeout = timeout;
        acm::together(*made, [&] {
            using Group = c10d::ProcessGroup;
            made->group = c10::make_intrusive<Group>(store, rank, size);
            auto options = c10d::ProcessGroupGloo::Options::create_default(timeout);
            options->timeout = timeout;
            made->group->setBackend(
                c10::DeviceType::CPU, Group::BackendType::GLOO,
                c10::make_intrusive<c10d::ProcessGroupGloo>(
                    c10::make_intrusive<c10d::PrefixStore>("gloo", store), rank, size, options));
            made->group->setDefaultBackend(Group::BackendType::GLOO);
#ifdef USE_C10D_NCCL
            if (device == c10::DeviceType::CUDA) {
                made->group->setBackend(
                    device, Group::BackendType::NCCL,
                    acm::makeNCCL(c10::make_intrusive<c10d::PrefixStore>("nccl", store), rank, size,
                                  timeout));
                made->group->setDefaultBackend(Group::BackendType::NCCL);
            }
#endif
            made->group->setGroupName("acm");
        });
        *result = made.release();
    });
}

int32_t acm_process_group_free(acm_process_group *group) {
    return acm::guarded([&] { delete group; });
}

int32_t acm_process_group_all_reduce(const acm_process_group *group, acm_tensor *tensor,
                                     int32_t reduction) {
    return acm::guarded([&] {
        std::vector<at::Tensor> tensors{dense(tensor)};
        auto behind = backend(group, tensors[0]);
        if (reduction != ACM_SUM && reduction != ACM_MAXIMUM)
            throw acm::InvalidArgument("unknown reduction " + std::to_string(reduction));
        c10d::AllreduceOptions options;
        options.reduceOp = reduction == ACM_SUM ? c10d::ReduceOp::SUM : c10d::ReduceOp::MAX;
        acm::together(*group, [&] { wait(behind->allreduce(tensors, options)); });
    });
}

int32_t acm_process_group_all_gather(const acm_process_group *group, const acm_tensor *tensor,
                                     acm_tensor **result) {
    return acm::guarded([&] {
        acm::require(result, "result");
        std::vector<at::Tensor> inputs{dense(tensor)};
        auto behind = backend(group, inputs[0]);
        std::vector<int64_t> shape = inputs[0].sizes().vec();
        shape.insert(shape.begin(), group->group->getSize());
        at::Tensor all = at::empty(shape, inputs[0].options());
        std::vector<std::vector<at::Tensor>> outputs{all.unbind(0)};
        acm::together(*group, [&] { wait(behind->allgather(outputs, inputs)); });
        *result = acm::wrap(std::move(all));
    });
}

int32_t acm_process_group_broadcast(const acm_process_group *group, acm_tensor *tensor, int32_t root) {
    return acm::guarded([&] {
        std::vector<at::Tensor> tensors{dense(tensor)};
        auto behind = backend(group, tensors[0]);
        if (root < 0 || root >= group->group->getSize())
            throw acm::InvalidArgument("there is no process " + std::to_string(root) + " of " +
                                       std::to_string(group->group->getSize()));
        c10d::BroadcastOptions options;
        options.rootRank = root;
        acm::together(*group, [&] { wait(behind->broadcast(tensors, options)); });
    });
}

int32_t acm_process_group_barrier(const acm_process_group *group) {
    return acm::guarded([&] {
        auto behind = groupBehind(group).getBackend(c10::DeviceType::CPU);
        acm::together(*group, [&] { wait(behind->barrier()); });
    });
}
