// The file of measured tiles: what is read from it, what is refused, and which tiles a call gets.
#include "tunings.h"

#include <check.h>

#include <sstream>

using namespace acm::gated_mlp::cuda;

namespace {

const std::string heading = "acm::gated_mlp tilings 2\n";
const std::string line = "NVIDIA H200\tbfloat16\t25216\t768\t3072\t768\t4\t256 2 192 2 1\n";
const Tuning::Layer layer = {"NVIDIA H200", "bfloat16", 768, 3072, 768, 4};

std::vector<Tuning> parsed(const std::string &text) {
    std::istringstream file(text);
    return parseTunings(file);
}

void refused(const std::string &text, const std::string &part) {
    std::string message = "no refusal";
    try {
        parsed(text);
    } catch (const std::runtime_error &error) {
        message = error.what();
    }
    check::report(message == part, __FILE__, __LINE__, "found \"" + message + "\", expected \"" + part + "\"");
}

std::string with(const std::string &found, const std::string &other) {
    std::string text = line;
    return heading + text.replace(text.find(found), found.size(), other);
}

Tuning of(int64_t tokens, int columns) { return {layer, tokens, {{columns, 1, 1}, {64, 1, 1}}}; }

}  // namespace

TEST(linesAreRead) {
    auto tunings = parsed(heading + line + "NVIDIA H100 PCIe\tfloat16\t1\t8\t16\t24\t2\t64 1 128 1 4");
    EXPECT(tunings.size() == 2);
    const Tuning &first = tunings[0], &second = tunings[1];
    EXPECT(first.layer == layer && first.tokens == 25216);
    EXPECT(first.tilings.first.columns == 256 && first.tilings.first.sharing == 2);
    EXPECT(first.tilings.first.splits == 1);
    EXPECT(first.tilings.second.columns == 192 && first.tilings.second.sharing == 2);
    EXPECT(first.tilings.second.splits == 1);
    EXPECT((second.layer == Tuning::Layer{"NVIDIA H100 PCIe", "float16", 8, 16, 24, 2}) && second.tokens == 1);
    EXPECT(second.tilings.first.columns == 64 && second.tilings.second.columns == 128);
    EXPECT(second.tilings.second.sharing == 1 && second.tilings.second.splits == 4);
    EXPECT(parsed(heading).empty());
}

TEST(otherFilesAreRefused) {
    const std::string wrongHeading = "line 1: \"acm::gated_mlp tilings 2\" is expected";
    refused("", wrongHeading);
    refused("acm::gated_mlp tilings 1\n" + line, wrongHeading);
    refused("{\"tilings\": []}", wrongHeading);
    refused(heading + line + "\n", "line 3: 8 fields between tabs are expected, found 1");
    refused(heading + line.substr(0, 40), "line 2: 8 fields between tabs are expected, found 7");
    refused(with("bfloat16", "float32"), "line 2: the type must be bfloat16 or float16, found \"float32\"");
    refused(with("25216", "0"), "line 2: tokens must be a number from 1 on, found \"0\"");
    refused(with("25216", "2e4"), "line 2: tokens must be a number from 1 on, found \"2e4\"");
    refused(with("3072", "99999999999999999999"),
            "line 2: hidden must be a number from 1 on, found \"99999999999999999999\"");
    refused(with("256 2", "256"), "line 2: 5 numbers of tiles are expected, found 4");
    refused(with("256 2", "256 -2"), "line 2: a number of tiles must be a number from 1 on, found \"-2\"");
}

TEST(theNearestNumberOfTokensCounts) {
    std::vector<Tuning> tunings = {of(100, 64), of(120, 128), of(1000, 192)};
    auto columns = [&](int64_t tokens) {
        const Tuning *found = nearest(tunings, layer, tokens);
        return found ? found->tilings.first.columns : 0;
    };
    EXPECT(columns(79) == 0 && columns(80) == 64 && columns(109) == 64 && columns(110) == 128);
    EXPECT(columns(150) == 128 && columns(151) == 0 && columns(800) == 192 && columns(1250) == 192);
    EXPECT(columns(1251) == 0);
    for (Tuning::Layer other : {Tuning::Layer{"NVIDIA H100", "bfloat16", 768, 3072, 768, 4},
                                Tuning::Layer{"NVIDIA H200", "float16", 768, 3072, 768, 4},
                                Tuning::Layer{"NVIDIA H200", "bfloat16", 768, 3072, 768, 8}})
        EXPECT(nearest(tunings, other, 100) == nullptr);
}

TEST(thePlaceOfTheFile) {
    EXPECT(tuningsPath("/a/b.tsv", "/c", "/h") == "/a/b.tsv");
    EXPECT(tuningsPath("", "/c", "/h") == "");
    EXPECT(tuningsPath(nullptr, "/c", "/h") == "/c/acm/gated_mlp_tilings.tsv");
    EXPECT(tuningsPath(nullptr, "", "/h") == "/h/.cache/acm/gated_mlp_tilings.tsv");
    EXPECT(tuningsPath(nullptr, nullptr, nullptr) == "");
}
