#include "tunings.h"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace acm::gated_mlp::cuda {

namespace {

constexpr auto heading = "acm::gated_mlp tilings 2";

std::vector<std::string> split(const std::string &text, char separator) {
    std::vector<std::string> parts(1);
    for (char letter : text) {
        if (letter == separator)
            parts.emplace_back();
        else
            parts.back() += letter;
    }
    return parts;
}

template <typename Integer>
Integer number(const std::string &text, Integer least, const char *what) {
    Integer value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least)
        throw std::runtime_error(std::string(what) + " must be a number from " + std::to_string(least) +
                                 " on, found \"" + text + "\"");
    return value;
}

Tuning parseLine(const std::string &line) {
    auto fields = split(line, '\t');
    if (fields.size() != 8)
        throw std::runtime_error("8 fields between tabs are expected, found " + std::to_string(fields.size()));
    auto tiles = split(fields[7], ' ');
    if (tiles.size() != 5)
        throw std::runtime_error("5 numbers of tiles are expected, found " + std::to_string(tiles.size()));
    std::array<int, 5> tile;
    for (size_t i = 0; i < tile.size(); ++i) tile[i] = number(tiles[i], 1, "a number of tiles");
    if (fields[1] != "bfloat16" && fields[1] != "float16")
        throw std::runtime_error("the type must be bfloat16 or float16, found \"" + fields[1] + "\"");
    int64_t one = 1;
    return {{fields[0], fields[1], number(fields[3], one, "channels"), number(fields[4], one, "hidden"),
             number(fields[5], one, "outputs"), number(fields[6], one, "learners")},
            number(fields[2], one, "tokens"),
            {{tile[0], tile[1], 1}, {tile[2], tile[3], tile[4]}}};
}

}  // namespace

std::vector<Tuning> parseTunings(std::istream &file) {
    std::string line;
    if (!std::getline(file, line) || line != heading)
        throw std::runtime_error(std::string("line 1: \"") + heading + "\" is expected");
    std::vector<Tuning> tunings;
    while (std::getline(file, line)) {
        try {
            tunings.push_back(parseLine(line));
        } catch (const std::runtime_error &error) {
            throw std::runtime_error("line " + std::to_string(tunings.size() + 2) + ": " + error.what());
        }
    }
    return tunings;
}

const Tuning *nearest(const std::vector<Tuning> &tunings, const Tuning::Layer &layer, int64_t tokens) {
    const Tuning *best = nullptr;
    double least = std::log(1.25) + 1e-9;
    for (const Tuning &tuning : tunings) {
        if (!(tuning.layer == layer)) continue;
        double apart = std::abs(std::log(static_cast<double>(tokens) / static_cast<double>(tuning.tokens)));
        if (apart > least || (best && apart == least)) continue;
        best = &tuning;
        least = apart;
    }
    return best;
}

std::string tuningsPath(const char *named, const char *cache, const char *home) {
    if (named) return named;
    if (cache && *cache) return std::string(cache) + "/acm/gated_mlp_tilings.tsv";
    if (home && *home) return std::string(home) + "/.cache/acm/gated_mlp_tilings.tsv";
    return "";
}

}  // namespace acm::gated_mlp::cuda
