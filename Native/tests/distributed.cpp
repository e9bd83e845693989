// The processes of these groups are threads, which Gloo does not mind.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <thread>

#include "check.h"
#include "handles.h"

namespace {

int freePort() {
    int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(socket, reinterpret_cast<sockaddr *>(&address), length) != 0) throw std::runtime_error("no port");
    getsockname(socket, reinterpret_cast<sockaddr *>(&address), &length);
    close(socket);
    return ntohs(address.sin_port);
}

/// Runs `body` once for each rank, at the same time.
void together(int size, const std::function<void(acm_process_group *, int)> &body, int64_t timeout = 20'000) {
    int port = freePort();
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank)
        threads.emplace_back([=, &body] {
            acm_process_group *group = nullptr;
            EXPECT_OK(acm_process_group_create(rank, size, "127.0.0.1", port, ACM_CPU, timeout, &group));
            if (group == nullptr) return;
            try {
                body(group, rank);
            } catch (const std::exception &error) {
                EXPECT(error.what() == std::string());
            }
        });
    for (auto &thread : threads) thread.join();
}

}  // namespace

TEST(numbersGoBetweenProcesses) {
    together(3, [](acm_process_group *group, int rank) {
        float own = static_cast<float>(rank);
        Tensor sum = tensor<float>({own, 10 * own}, {2}), largest = tensor<int64_t>({rank, -rank}, {2});
        EXPECT_OK(acm_process_group_all_reduce(group, sum.get(), ACM_SUM));
        EXPECT((numbers(sum) == std::vector<float>{3, 30}));
        EXPECT_OK(acm_process_group_all_reduce(group, largest.get(), ACM_MAXIMUM));
        EXPECT((numbers<int64_t>(largest) == std::vector<int64_t>{2, 0}));
        acm_tensor *gathered = nullptr;
        EXPECT_OK(acm_process_group_all_gather(group, tensor<float>({own, own + 1}, {2}).get(), &gathered));
        Tensor all(gathered);
        EXPECT((shape(all) == std::vector<int64_t>{3, 2}));
        EXPECT((numbers(all) == std::vector<float>{0, 1, 1, 2, 2, 3}));
        Tensor told = tensor<float>({own}, {1});
        EXPECT_OK(acm_process_group_broadcast(group, told.get(), 1));
        EXPECT((numbers(told) == std::vector<float>{1}));
        EXPECT_OK(acm_process_group_barrier(group));
        EXPECT_OK(acm_process_group_free(group));
    });
}

/// loss = rank + 1 times the sum of the squares; the mean of the factors 1 and 2 is 1.5. The last parameter
/// is used by one process, another by none.
TEST(gradientsAreAveraged) {
    together(2, [](acm_process_group *group, int rank) {
        std::vector<Tensor> parameters;
        std::vector<acm_tensor *> handles;
        for (int index = 0; index < 3; ++index) {
            parameters.push_back(tensor<float>({1, 2}, {2}));
            EXPECT_OK(acm_tensor_set_requires_gradient(parameters.back().get(), true));
            handles.push_back(parameters.back().get());
        }
        acm_reducer *reducer = nullptr;
        EXPECT_OK(acm_reducer_create(group, handles.data(), 3, &reducer));
        for (int step = 0; step < 3; ++step) {
            for (auto &parameter : parameters) EXPECT_OK(acm_tensor_set_gradient(parameter.get(), nullptr));
            auto energy = [&](int index) {
                Tensor square = compute(find("aten::square"), {value::tensor(parameters[index])});
                return compute(find("aten::sum"), {value::tensor(square)});
            };
            Tensor loss = compute(find("aten::mul", "Scalar"), {value::tensor(energy(0)), value::real(rank + 1)});
            if (rank == 1) loss = compute(find("aten::add", "Tensor"), {value::tensor(loss), value::tensor(energy(2))});
            EXPECT_OK(acm_reducer_backward(reducer, loss.get()));
            for (auto [index, wanted] : {std::pair{0, std::vector<float>{3, 6}}, {2, {1, 2}}}) {
                acm_tensor *found = nullptr;
                EXPECT_OK(acm_tensor_gradient(handles[index], &found));
                EXPECT(found != nullptr && numbers(Tensor(found)) == wanted);
            }
            acm_tensor *unused = nullptr;
            EXPECT_OK(acm_tensor_gradient(handles[1], &unused));
            EXPECT(unused == nullptr);
        }
        EXPECT_OK(acm_reducer_free(reducer));
        EXPECT_OK(acm_process_group_free(group));
    });
}

TEST(aLostProcessIsToldAtOnce) {
    together(2, [](acm_process_group *group, int rank) {
        Tensor number = tensor<float>({1}, {1});
        EXPECT_OK(acm_process_group_all_reduce(group, number.get(), ACM_SUM));
        if (rank == 1)
            EXPECT_REFUSED(acm_process_group_all_reduce(group, number.get(), ACM_SUM), ACM_LOST_PROCESS,
                           "another process of the run ended");
        EXPECT_OK(acm_process_group_free(group));
    });
}

TEST(backwardTellsOfALostProcess) {
    together(2, [](acm_process_group *group, int rank) {
        Tensor parameter = tensor<float>({1, 2}, {2});
        EXPECT_OK(acm_tensor_set_requires_gradient(parameter.get(), true));
        acm_tensor *handle = parameter.get();
        acm_reducer *reducer = nullptr;
        EXPECT_OK(acm_reducer_create(group, &handle, 1, &reducer));
        if (rank == 1) {
            Tensor loss = compute(find("aten::sum"), {value::tensor(parameter)});
            EXPECT_REFUSED(acm_reducer_backward(reducer, loss.get()), ACM_LOST_PROCESS, "another process");
        }
        EXPECT_OK(acm_reducer_free(reducer));
        EXPECT_OK(acm_process_group_free(group));
    });
}

TEST(waitingEnds) {
    acm_process_group *group = nullptr;
    EXPECT_REFUSED(acm_process_group_create(0, 2, "127.0.0.1", freePort(), ACM_CPU, 300, &group), ACM_LOST_PROCESS,
                  "within 0.3 s");
    EXPECT(group == nullptr);
    std::promise<void> refused;
    together(
        2,
        [&](acm_process_group *group, int rank) {
            if (rank == 1) {
                EXPECT_REFUSED(acm_process_group_barrier(group), ACM_LOST_PROCESS, "did not answer within 3 s");
                refused.set_value();
            } else {
                refused.get_future().wait();
            }
            EXPECT_OK(acm_process_group_free(group));
        },
        3000);
}

TEST(wrongGroupsAreRefused) {
    acm_process_group *group = nullptr;
    auto refused = [&](int rank, int size, const char *host, int port, int type, int64_t timeout, const char *part) {
        EXPECT_REFUSED(acm_process_group_create(rank, size, host, port, type, timeout, &group), ACM_INVALID_ARGUMENT,
                      part);
    };
    refused(2, 2, "localhost", 1, ACM_CPU, 1, "process 2 of 2 cannot be");
    refused(-1, 2, "localhost", 1, ACM_CPU, 1, "process -1 of 2 cannot be");
    refused(0, 1, nullptr, 1, ACM_CPU, 1, "host is null");
    refused(0, 1, "localhost", 65536, ACM_CPU, 1, "port 65536");
    refused(0, 1, "localhost", 1, 7, 1, "device type 7");
    refused(0, 1, "localhost", 1, ACM_CPU, 0, "timeout");
    EXPECT(group == nullptr);
    EXPECT_REFUSED(acm_process_group_barrier(nullptr), ACM_INVALID_ARGUMENT, "process group is null");
    EXPECT_OK(acm_process_group_free(nullptr));
    EXPECT_OK(acm_reducer_free(nullptr));
}

TEST(wrongTensorsAreRefused) {
    together(1, [](acm_process_group *group, int) {
        Tensor square = tensor<float>({1, 2, 3, 4}, {2, 2});
        Tensor across = compute(find("aten::t"), {value::tensor(square)});
        EXPECT_REFUSED(acm_process_group_all_reduce(group, across.get(), ACM_SUM), ACM_INVALID_ARGUMENT, "contiguous");
        EXPECT_REFUSED(acm_process_group_all_reduce(group, square.get(), 9), ACM_INVALID_ARGUMENT, "reduction 9");
        EXPECT_REFUSED(acm_process_group_broadcast(group, square.get(), 1), ACM_INVALID_ARGUMENT, "no process 1");
        acm_tensor *handle = square.get();
        acm_reducer *reducer = nullptr;
        EXPECT_REFUSED(acm_reducer_create(group, &handle, 1, &reducer), ACM_INVALID_ARGUMENT, "requires gradients");
        EXPECT_REFUSED(acm_reducer_create(group, nullptr, 0, &reducer), ACM_INVALID_ARGUMENT, "at least one");
        EXPECT_OK(acm_process_group_free(group));
    });
}
