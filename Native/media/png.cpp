// PNG by libpng. Its errors come by longjmp: between `attempt` and them no object with a destructor
// may be born, and no exception may pass through libpng.

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "image.h"

namespace acm::media {
namespace {

struct Failure {
    char message[256] = "";
};

[[noreturn]] void onError(png_structp codec, png_const_charp text) {
    auto *failure = static_cast<Failure *>(png_get_error_ptr(codec));
    std::snprintf(failure->message, sizeof failure->message, "libpng's \"%s\"", text);
    png_longjmp(codec, 1);
}

void onWarning(png_structp, png_const_charp) {}

/// What is left to read.
struct Cursor {
    Bytes rest;
};

void readBytes(png_structp codec, png_bytep target, size_t count) {
    auto *cursor = static_cast<Cursor *>(png_get_io_ptr(codec));
    if (count > cursor->rest.count) png_error(codec, "the file ends too early");
    std::memcpy(target, cursor->rest.start, count);
    cursor->rest.start += count;
    cursor->rest.count -= count;
}

/// Owns a codec over an attempt's longjmp.
struct Codec {
    Failure failure;
    png_structp codec;
    png_infop info;
    const bool reads;

    explicit Codec(bool reads) : reads(reads) {
        codec = (reads ? png_create_read_struct : png_create_write_struct)(PNG_LIBPNG_VER_STRING, &failure,
                                                                          onError, onWarning);
        info = codec == nullptr ? nullptr : png_create_info_struct(codec);
        if (info != nullptr) return;
        destroy();
        throw std::bad_alloc();
    }
    ~Codec() { destroy(); }
    Codec(const Codec &) = delete;
    Codec &operator=(const Codec &) = delete;

    /// Runs `body`; an error of libpng in it becomes an exception.
    template <typename Body>
    void attempt(int32_t status, Body &&body) {
        if (setjmp(png_jmpbuf(codec)) != 0) throw Refusal(status, failure.message);
        body();
    }

private:
    void destroy() {
        if (reads) png_destroy_read_struct(&codec, &info, nullptr);
        else png_destroy_write_struct(&codec, &info);
    }
};

class PNG final : public Image {
public:
    explicit PNG(Bytes bytes) : cursor{bytes} {
        png_set_read_fn(codec, &cursor, readBytes);
        decoder.attempt(ACM_MEDIA_DAMAGED, [&] { png_read_info(codec, info); });
        // libpng refuses sides of more than a million pixels.
        width = static_cast<int32_t>(png_get_image_width(codec, info));
        height = static_cast<int32_t>(png_get_image_height(codec, info));
    }

    void decode(int32_t, uint8_t *pixels) override {
        bool isDeepGrey = png_get_color_type(codec, info) == PNG_COLOR_TYPE_GRAY &&
                          png_get_bit_depth(codec, info) == 16;
        size_t pixelBytes = isDeepGrey ? 2 : 3;
        size_t rowBytes = pixelBytes * static_cast<size_t>(width);
        std::vector<uint8_t> deep(isDeepGrey ? rowBytes * height : 0);
        std::vector<png_bytep> rows(height);
        for (int32_t row = 0; row < height; ++row)
            rows[row] = (isDeepGrey ? deep.data() : pixels) + row * rowBytes;
        decoder.attempt(ACM_MEDIA_DAMAGED, [&] {
            if (!isDeepGrey) {
                png_set_strip_16(codec);
                png_set_expand(codec);
                png_set_strip_alpha(codec);
                png_set_gray_to_rgb(codec);
            }
            png_set_interlace_handling(codec);
            png_read_update_info(codec, info);
            if (png_get_rowbytes(codec, info) != rowBytes) png_error(codec, "rows of an unexpected length");
            png_read_image(codec, rows.data());
            png_read_end(codec, info);
        });
        if (isDeepGrey) narrow(deep, pixels);
        png_bytep start = nullptr;
        png_uint_32 count = 0;
        if (png_get_eXIf_1(codec, info, &count, &start) != 0 && start != nullptr) keepExif(start, count);
    }

private:
    Codec decoder{true};
    Cursor cursor;
    png_structp codec = decoder.codec;
    png_infop info = decoder.info;

    /// 16-bit grey to eight bits, as Pillow does it: values above 255 become 255.
    static void narrow(const std::vector<uint8_t> &deep, uint8_t *pixels) {
        for (size_t index = 0; index < deep.size(); index += 2, pixels += 3)
            std::memset(pixels, deep[index] != 0 ? 255 : deep[index + 1], 3);
    }
};

/// Bytes that grow; realloc, because the caller frees them as C does.
struct Sink {
    OwnedBytes &result;
    size_t capacity = 0;
};

void writeBytes(png_structp codec, png_bytep source, size_t count) {
    auto *sink = static_cast<Sink *>(png_get_io_ptr(codec));
    auto &result = sink->result;
    if (count > sink->capacity - result.count) {
        size_t capacity = std::max(2 * sink->capacity, result.count + count + 4096);
        void *grown = std::realloc(result.start, capacity);
        if (grown == nullptr) png_error(codec, "out of host memory");
        result.start = static_cast<uint8_t *>(grown);
        sink->capacity = capacity;
    }
    std::memcpy(result.start + result.count, source, count);
    result.count += count;
}

void flushNothing(png_structp) {}

}  // namespace

std::unique_ptr<Image> openPNG(Bytes bytes) {
    if (bytes.count < 8 || png_sig_cmp(bytes.start, 0, 8) != 0) return nullptr;
    return std::make_unique<PNG>(bytes);
}

void encodePNG(const Raster &raster, OwnedBytes &result) {
    Codec encoder{false};
    Sink sink{result};
    int type = raster.channels == 1   ? PNG_COLOR_TYPE_GRAY
               : raster.channels == 3 ? PNG_COLOR_TYPE_RGB
                                      : PNG_COLOR_TYPE_RGB_ALPHA;
    encoder.attempt(ACM_FAILURE, [&] {
        png_set_write_fn(encoder.codec, &sink, writeBytes, flushNothing);
        png_set_IHDR(encoder.codec, encoder.info, static_cast<png_uint_32>(raster.width),
                     static_cast<png_uint_32>(raster.height), 8, type, PNG_INTERLACE_NONE,
                     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        png_write_info(encoder.codec, encoder.info);
        for (int32_t row = 0; row < raster.height; ++row)
            png_write_row(encoder.codec, raster.pixels + row * raster.rowBytes());
        png_write_end(encoder.codec, encoder.info);
    });
}

}  // namespace acm::media
