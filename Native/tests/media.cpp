#include <acm_media.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "check.h"

#define EXPECT_MEDIA_OK(call) \
    check::report((call) == ACM_OK, __FILE__, __LINE__, std::string(#call ": ") + acm_media_error_message())

namespace {

using Bytes = std::vector<uint8_t>;

std::vector<std::pair<std::string, Bytes>> files(const std::string &folder) {
    std::vector<std::pair<std::string, Bytes>> found;
    for (const auto &entry : std::filesystem::directory_iterator(ACM_GOLDENS "/" + folder)) {
        if (!entry.is_regular_file() || entry.path().extension() == ".safetensors") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        found.emplace_back(entry.path().filename(), Bytes(std::istreambuf_iterator<char>(file), {}));
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// Opens, decodes into memory of the exact size, and reads the Exif data.
int32_t decodeImage(const Bytes &bytes, int32_t reduction = 1, int64_t limit = 1'000'000) {
    acm_image *image = nullptr;
    int32_t status = acm_image_open(bytes.data(), int64_t(bytes.size()), limit, &image);
    if (status != ACM_OK) return status;
    int32_t width = 0, height = 0;
    EXPECT_MEDIA_OK(acm_image_size(image, reduction, &width, &height));
    Bytes pixels(size_t(width) * height * 3);
    status = acm_image_decode(image, reduction, pixels.data());
    const uint8_t *exif = nullptr;
    int64_t count = 0;
    EXPECT_MEDIA_OK(acm_image_exif(image, &exif, &count));
    unsigned sum = 0;
    for (int64_t index = 0; index < count; ++index) sum += exif[index];
    EXPECT(sum < 1'000'000'000);
    EXPECT(acm_image_decode(image, reduction, pixels.data()) == ACM_INVALID_ARGUMENT);
    acm_image_free(image);
    return status;
}

int32_t decodeAudio(const Bytes &bytes, bool isG722, int32_t rate = 16'000, double seconds = 10) {
    acm_audio_source source{bytes.data(), int64_t(bytes.size()), -1, isG722};
    float *samples = nullptr;
    int64_t count = 0;
    int32_t status = acm_audio_decode(&source, rate, seconds, &samples, &count);
    if (status == ACM_OK) EXPECT(count > 0 && !std::isnan(samples[count - 1]));
    acm_media_free(samples);
    return status;
}

bool isRefusal(int32_t status) {
    return status == ACM_MEDIA_UNKNOWN || status == ACM_MEDIA_DAMAGED || status == ACM_MEDIA_TOO_LARGE;
}

/// Gives `body` copies with a few bytes changed, removed or doubled.
template <typename Body>
void damage(const Bytes &bytes, int count, Body &&body) {
    std::mt19937 random(unsigned(bytes.size()));
    for (int turn = 0; turn < count; ++turn) {
        Bytes damaged = bytes;
        for (unsigned change = 0; change <= random() % 4; ++change) {
            // Headers, where most is decided, twice as often.
            size_t span = random() % 2 ? damaged.size() : std::min<size_t>(damaged.size(), 200);
            auto place = damaged.begin() + long(random() % span);
            switch (random() % 4) {
                case 0: damaged.erase(place); break;
                case 1: damaged.insert(place, *place); break;
                default: *place = uint8_t(random());
            }
        }
        body(damaged);
    }
}

}  // namespace

TEST(opensForItsOwnVersionOnly) {
    EXPECT_MEDIA_OK(acm_media_open(ACM_MEDIA_INTERFACE_VERSION));
    EXPECT(acm_media_open(ACM_MEDIA_INTERFACE_VERSION + 1) == ACM_UNAVAILABLE);
    EXPECT(std::string(acm_media_error_message()).find("interface version") != std::string::npos);
    EXPECT_MEDIA_OK(acm_media_free(nullptr));
    EXPECT_MEDIA_OK(acm_image_free(nullptr));
}

TEST(imagesWholeCutAndDamaged) {
    auto images = files("images");
    EXPECT(images.size() > 60);
    for (const auto &[name, bytes] : images) {
        for (int32_t reduction : {1, 2, 4, 8}) EXPECT_MEDIA_OK(decodeImage(bytes, reduction));
        size_t whole = name == "trailing.jpg" ? bytes.size() - 10 : bytes.size();
        for (size_t length = 0; length < whole; length += 1 + whole / 60)
            EXPECT(isRefusal(decodeImage(Bytes(bytes.begin(), bytes.begin() + long(length)))));
        damage(bytes, 60, [](const Bytes &damaged) {
            int32_t status = decodeImage(damaged);
            EXPECT(status == ACM_OK || isRefusal(status));
        });
    }
}

TEST(hugeAndOtherImages) {
    for (const auto &[name, bytes] : files("images/refused"))
        EXPECT(decodeImage(bytes, 1, 178'956'970) ==
               (name.find("huge") == 0 ? ACM_MEDIA_TOO_LARGE : ACM_MEDIA_UNKNOWN));
}

TEST(soundsWholeCutAndDamaged) {
    auto sounds = files("audio");
    EXPECT(sounds.size() > 19);
    for (const auto &[name, bytes] : sounds) {
        bool isG722 = name.find(".g722") != std::string::npos, isOgg = name.find(".ogg") != std::string::npos;
        for (int32_t rate : {8000, 16'000, 44'100}) EXPECT_MEDIA_OK(decodeAudio(bytes, isG722, rate));
        EXPECT(decodeAudio(bytes, isG722, 16'000, 0.01) == ACM_MEDIA_TOO_LARGE);
        for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 40) {
            int32_t status = decodeAudio(Bytes(bytes.begin(), bytes.begin() + long(length)), isG722);
            // G.722 is whole at any length; the caller looks at the last page of Ogg.
            EXPECT(isRefusal(status) || (status == ACM_OK && (isG722 || isOgg)));
        }
        damage(bytes, 60, [&](const Bytes &damaged) {
            int32_t status = decodeAudio(damaged, isG722);
            EXPECT(status == ACM_OK || isRefusal(status));
        });
    }
}

TEST(encodedImagesDecode) {
    for (int32_t channels : {1, 3, 4}) {
        for (auto [width, height] : {std::pair{1, 1}, {7, 3}, {64, 200}}) {
            Bytes pixels(size_t(width) * height * channels);
            for (size_t index = 0; index < pixels.size(); ++index) pixels[index] = uint8_t(index * 7);
            uint8_t *bytes = nullptr;
            int64_t count = 0;
            EXPECT_MEDIA_OK(acm_image_encode_png(pixels.data(), width, height, channels, &bytes, &count));
            EXPECT_MEDIA_OK(decodeImage(Bytes(bytes, bytes + count)));
            acm_media_free(bytes);
            bytes = nullptr;
            int32_t status = acm_image_encode_jpeg(pixels.data(), width, height, channels, 80, &bytes, &count);
            EXPECT(status == (channels == 4 ? ACM_INVALID_ARGUMENT : ACM_OK));
            if (status == ACM_OK) EXPECT_MEDIA_OK(decodeImage(Bytes(bytes, bytes + count)));
            acm_media_free(bytes);
        }
    }
}

TEST(nullPointersAreRefused) {
    acm_image *image = nullptr;
    uint8_t *bytes = nullptr;
    int64_t count = 0;
    int32_t size = 0;
    float *samples = nullptr;
    EXPECT(acm_image_open(nullptr, 5, 100, &image) == ACM_INVALID_ARGUMENT);
    EXPECT(acm_image_open(nullptr, 0, 100, nullptr) == ACM_INVALID_ARGUMENT);
    EXPECT(acm_image_open(nullptr, 0, 100, &image) == ACM_MEDIA_UNKNOWN);
    EXPECT(acm_image_size(nullptr, 1, &size, &size) == ACM_INVALID_ARGUMENT);
    EXPECT(acm_image_decode(nullptr, 1, nullptr) == ACM_INVALID_ARGUMENT);
    EXPECT(acm_image_exif(nullptr, nullptr, &count) == ACM_INVALID_ARGUMENT);
    EXPECT(acm_image_encode_png(nullptr, 1, 1, 3, &bytes, &count) == ACM_INVALID_ARGUMENT);
    EXPECT(acm_audio_decode(nullptr, 16'000, 1, &samples, &count) == ACM_INVALID_ARGUMENT);
}
