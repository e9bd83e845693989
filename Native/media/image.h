// One opened image file, by format.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "boundary.h"

namespace acm::media {

struct Bytes {
    const uint8_t *start;
    size_t count;
};

/// Bytes that the caller frees with acm_media_free.
struct OwnedBytes {
    uint8_t *start = nullptr;
    size_t count = 0;

    OwnedBytes() = default;
    OwnedBytes(const OwnedBytes &) = delete;
    OwnedBytes &operator=(const OwnedBytes &) = delete;
    ~OwnedBytes() { std::free(start); }
};

/// Pixels to encode: `height` rows of `width` pixels of `channels` bytes.
struct Raster {
    const uint8_t *pixels;
    int32_t width;
    int32_t height;
    int32_t channels;

    size_t rowBytes() const { return static_cast<size_t>(width) * channels; }
};

class Image {
public:
    int32_t width = 0;
    int32_t height = 0;
    /// Exif data from the TIFF header on; complete after decoding.
    std::vector<uint8_t> exif;

    virtual ~Image() = default;
    /// The size when decoded at 1 / `reduction`.
    virtual void reducedSize(int32_t reduction, int32_t &width, int32_t &height) const {
        width = this->width;
        height = this->height;
    }
    /// Writes rows of red, green, blue.
    virtual void decode(int32_t reduction, uint8_t *pixels) = 0;

protected:
    /// Keeps Exif data without the six bytes that may stand before its TIFF header.
    void keepExif(const uint8_t *start, size_t count) {
        static constexpr char prefix[] = "Exif\0";  // and the closing zero
        if (count >= sizeof prefix && std::equal(prefix, prefix + sizeof prefix, start)) {
            start += sizeof prefix;
            count -= sizeof prefix;
        }
        exif.assign(start, start + count);
    }
};

/// Each reads the header; null if the bytes do not start as the format does.
std::unique_ptr<Image> openJPEG(Bytes bytes);
std::unique_ptr<Image> openPNG(Bytes bytes);
std::unique_ptr<Image> openWebP(Bytes bytes);

void encodeJPEG(const Raster &raster, int32_t quality, OwnedBytes &result);
void encodePNG(const Raster &raster, OwnedBytes &result);

}  // namespace acm::media
