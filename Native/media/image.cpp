#include "image.h"

#include <algorithm>

using namespace acm::media;

struct acm_image {
    std::unique_ptr<Image> image;
    bool isDecoded = false;
};

namespace {

bool startsWith(Bytes bytes, const char *text, size_t count) {
    return bytes.count >= count && std::equal(text, text + count, bytes.start);
}

/// Names what a file that is no image of ours starts as.
std::string describe(Bytes bytes) {
    if (bytes.count == 0) return "no bytes at all";
    if (startsWith(bytes, "GIF8", 4)) return "a GIF";
    if (startsWith(bytes, "BM", 2)) return "a BMP";
    if (startsWith(bytes, "II*\0", 4) || startsWith(bytes, "MM\0*", 4)) return "a TIFF";
    if (bytes.count >= 12 && std::equal(bytes.start + 4, bytes.start + 8, "ftyp"))
        return "an HEIF, AVIF or MP4";
    if (startsWith(bytes, "<svg", 4) || startsWith(bytes, "<?xml", 5)) return "XML or SVG";
    return "bytes that start as none of them";
}

void checkReduction(int32_t reduction) {
    if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8)
        refuseArgument("reduction is " + std::to_string(reduction) + ", expected 1, 2, 4 or 8");
}

Raster raster(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, bool allowsOpacity) {
    require(pixels, "pixels");
    if (width < 1 || height < 1)
        refuseArgument("an image of " + std::to_string(width) + " x " + std::to_string(height) + " pixels");
    if (channels != 1 && channels != 3 && !(channels == 4 && allowsOpacity))
        refuseArgument("an image of " + std::to_string(channels) + " channels");
    return {pixels, width, height, channels};
}

void handOver(OwnedBytes &encoded, uint8_t **bytes, int64_t *count) {
    *bytes = encoded.start;
    *count = static_cast<int64_t>(encoded.count);
    encoded.start = nullptr;
}

}  // namespace

int32_t acm_image_open(const uint8_t *bytes, int64_t count, int64_t pixel_limit, acm_image **result) {
    return guarded([&] {
        require(result, "result");
        if (count > 0) require(bytes, "bytes");
        Bytes file{bytes, static_cast<size_t>(std::max<int64_t>(count, 0))};
        auto opened = std::make_unique<acm_image>();
        opened->image = openJPEG(file);
        if (!opened->image) opened->image = openPNG(file);
        if (!opened->image) opened->image = openWebP(file);
        if (!opened->image) refuseUnknown(describe(file));
        int64_t width = opened->image->width, height = opened->image->height;
        if (width < 1 || height < 1) refuseDamaged("an image without pixels");
        // Also keeps rows, and offsets in them, within what the decoders count with.
        if (width > (INT32_MAX / 8) || width * height > pixel_limit)
            refuseTooLarge(std::to_string(width) + " x " + std::to_string(height) + " pixels");
        *result = opened.release();
    });
}

int32_t acm_image_size(const acm_image *image, int32_t reduction, int32_t *width, int32_t *height) {
    return guarded([&] {
        require(image, "image");
        require(width, "width");
        require(height, "height");
        checkReduction(reduction);
        image->image->reducedSize(reduction, *width, *height);
    });
}

int32_t acm_image_decode(acm_image *image, int32_t reduction, uint8_t *pixels) {
    return guarded([&] {
        require(image, "image");
        require(pixels, "pixels");
        checkReduction(reduction);
        if (image->isDecoded) refuseArgument("the image has been decoded before");
        image->isDecoded = true;
        image->image->decode(reduction, pixels);
    });
}

int32_t acm_image_exif(const acm_image *image, const uint8_t **bytes, int64_t *count) {
    return guarded([&] {
        require(image, "image");
        require(bytes, "bytes");
        require(count, "count");
        const auto &exif = image->image->exif;
        *bytes = exif.empty() ? nullptr : exif.data();
        *count = static_cast<int64_t>(exif.size());
    });
}

int32_t acm_image_free(acm_image *image) {
    return guarded([&] { delete image; });
}

int32_t acm_image_encode_jpeg(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
                              int32_t quality, uint8_t **bytes, int64_t *count) {
    return guarded([&] {
        require(bytes, "bytes");
        require(count, "count");
        Raster source = raster(pixels, width, height, channels, false);
        if (quality < 1 || quality > 100)
            refuseArgument("quality is " + std::to_string(quality) + ", expected 1 to 100");
        OwnedBytes encoded;
        encodeJPEG(source, quality, encoded);
        handOver(encoded, bytes, count);
    });
}

int32_t acm_image_encode_png(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
                             uint8_t **bytes, int64_t *count) {
    return guarded([&] {
        require(bytes, "bytes");
        require(count, "count");
        Raster source = raster(pixels, width, height, channels, true);
        OwnedBytes encoded;
        encodePNG(source, encoded);
        handOver(encoded, bytes, count);
    });
}
