// The test framework. A test program is one source file that includes this once: TEST registers a
// case, EXPECT and its relatives report and go on, main runs all cases, or those named. After each case as many
// tensor handles must be alive as before it.
#pragma once

#include <acm.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

namespace check {

struct Case {
    const char *name;
    void (*body)();
};
inline std::vector<Case> cases;
inline int failures = 0;

struct Registration {
    Registration(const char *name, void (*body)()) { cases.push_back({name, body}); }
};

inline void report(bool passed, const char *file, int line, const std::string &text) {
    if (passed) return;
    ++failures;
    std::cerr << file << ":" << line << ": " << text << "\n";
}

/// Whether the call failed with this status and a message that contains `part`.
inline void refused(int32_t status, int32_t expected, const std::string &part, const char *file,
                    int line, const std::string &call) {
    std::string message = status == ACM_OK ? "" : acm_error_message();
    report(status == expected && message.find(part) != std::string::npos, file, line,
           call + " gave status " + std::to_string(status) + " \"" + message + "\", expected " +
               std::to_string(expected) + " \"" + part + "\"");
}

}  // namespace check

#define TEST(name)                                                \
    static void name();                                           \
    static const check::Registration name##Registered(#name, name); \
    static void name()
#define EXPECT(condition) check::report(condition, __FILE__, __LINE__, "not true: " #condition)
#define EXPECT_OK(call) check::refused(call, ACM_OK, "", __FILE__, __LINE__, #call)
#define EXPECT_REFUSED(call, status, part) \
    check::refused(call, status, part, __FILE__, __LINE__, #call)

int main(int count, char **arguments) {
    const std::vector<std::string> wanted(arguments + 1, arguments + count);
    int run = 0;
    for (const auto &[name, body] : check::cases) {
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
        ++run;
        int before = check::failures;
        int64_t aliveBefore = 0, aliveAfter = 0;
        acm_tensor_live_count(&aliveBefore);
        try {
            body();
        } catch (const std::exception &error) {
            check::report(false, __FILE__, __LINE__, std::string("exception: ") + error.what());
        }
        acm_tensor_live_count(&aliveAfter);
        check::report(aliveBefore == aliveAfter, __FILE__, __LINE__, "tensor handles leaked");
        std::cout << (check::failures == before ? "passed " : "FAILED ") << name << std::endl;
    }
    return check::failures == 0 && run > 0 ? 0 : 1;
}
