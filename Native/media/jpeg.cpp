// JPEG by libjpeg-turbo. Its errors come by longjmp: between `attempt` and them no object with a
// destructor may be born.

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "image.h"

// After <cstdio>; the numbers of the second depend on the first.
#include <jpeglib.h>

#include <jerror.h>

namespace acm::media {
namespace {

/// More scans than any encoder makes; each costs time for the whole picture, however few its bytes.
constexpr int scanLimit = 500;

struct ErrorManager {
    jpeg_error_mgr base;
    jmp_buf jump;
    int32_t status;
    char message[JMSG_LENGTH_MAX + 32];
};

[[noreturn]] void leave(j_common_ptr codec, int32_t status) {
    auto *manager = reinterpret_cast<ErrorManager *>(codec->err);
    char text[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, text);
    manager->status = status;
    std::snprintf(manager->message, sizeof manager->message, "libjpeg's \"%s\"", text);
    std::longjmp(manager->jump, 1);
}

[[noreturn]] void onError(j_common_ptr codec) {
    switch (codec->err->msg_code) {
        case JERR_OUT_OF_MEMORY: leave(codec, ACM_OUT_OF_MEMORY);
        case JERR_ARITH_NOTIMPL:
        case JERR_BAD_PRECISION:
        case JERR_COMPONENT_COUNT:
        case JERR_CONVERSION_NOTIMPL:
        case JERR_SOF_UNSUPPORTED: leave(codec, ACM_MEDIA_UNKNOWN);
        default: leave(codec, ACM_MEDIA_DAMAGED);
    }
}

/// Warnings that pixels are lost or wrong are errors here; Pillow lets all but the first two pass.
void onMessage(j_common_ptr codec, int level) {
    if (level >= 0) return;
    switch (codec->err->msg_code) {
        case JWRN_JPEG_EOF:
        case JWRN_HIT_MARKER:
        case JWRN_HUFF_BAD_CODE:
        case JWRN_ARITH_BAD_CODE:
        case JWRN_MUST_RESYNC: leave(codec, ACM_MEDIA_DAMAGED);
        default: ++codec->err->num_warnings;
    }
}

void onProgress(j_common_ptr codec) {
    auto *manager = reinterpret_cast<ErrorManager *>(codec->err);
    if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number <= scanLimit) return;
    manager->status = ACM_MEDIA_TOO_LARGE;
    std::snprintf(manager->message, sizeof manager->message, "more than %d scans", scanLimit);
    std::longjmp(manager->jump, 1);
}

void prepare(ErrorManager &manager) {
    jpeg_std_error(&manager.base);
    manager.base.error_exit = onError;
    manager.base.emit_message = onMessage;
}

/// Runs `body`; an error of libjpeg in it becomes an exception.
template <typename Body>
void attempt(ErrorManager &manager, Body &&body) {
    if (setjmp(manager.jump) != 0) throw Refusal(manager.status, manager.message);
    body();
}

/// Adobe's inverted cyan, magenta, yellow, black to red, green, blue, as Pillow computes it.
void convertRow(const uint8_t *inks, uint8_t *pixels, int32_t width) {
    for (int32_t x = 0; x < width; ++x, inks += 4, pixels += 3) {
        unsigned light = inks[3];
        for (int channel = 0; channel < 3; ++channel) {
            unsigned product = (255u - inks[channel]) * light + 128;
            unsigned absorbed = ((product >> 8) + product) >> 8;
            pixels[channel] = static_cast<uint8_t>(light > absorbed ? light - absorbed : 0);
        }
    }
}

/// Owns a codec over an attempt's longjmp, as does the next.
struct Decompressor {
    ErrorManager manager{};
    jpeg_decompress_struct codec{};

    Decompressor() {
        prepare(manager);
        codec.err = &manager.base;
    }
    ~Decompressor() { jpeg_destroy_decompress(&codec); }
};

struct Compressor {
    ErrorManager manager{};
    jpeg_compress_struct codec{};

    Compressor() {
        prepare(manager);
        codec.err = &manager.base;
    }
    ~Compressor() { jpeg_destroy_compress(&codec); }
};

class JPEG final : public Image {
public:
    explicit JPEG(Bytes bytes) {
        attempt(manager, [&] {
            jpeg_create_decompress(&codec);
            jpeg_save_markers(&codec, JPEG_APP0 + 1, 0xFFFF);
            jpeg_mem_src(&codec, bytes.start, bytes.count);
            jpeg_read_header(&codec, TRUE);
        });
        progress.progress_monitor = onProgress;
        codec.progress = &progress;
        width = static_cast<int32_t>(codec.image_width);
        height = static_cast<int32_t>(codec.image_height);
        isInked = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
        if (codec.jpeg_color_space == JCS_UNKNOWN)
            refuseUnknown("a JPEG of " + std::to_string(codec.num_components) + " components");
        keepFirstExif();
    }

    void reducedSize(int32_t reduction, int32_t &width, int32_t &height) const override {
        width = (this->width + reduction - 1) / reduction;
        height = (this->height + reduction - 1) / reduction;
    }

    void decode(int32_t reduction, uint8_t *pixels) override {
        int32_t outputWidth, outputHeight;
        reducedSize(reduction, outputWidth, outputHeight);
        std::vector<uint8_t> inks(isInked ? static_cast<size_t>(outputWidth) * 4 : 0);
        size_t rowBytes = static_cast<size_t>(outputWidth) * 3;
        attempt(manager, [&] {
            codec.out_color_space = isInked ? JCS_CMYK : JCS_RGB;
            codec.scale_num = 1;
            codec.scale_denom = static_cast<unsigned>(reduction);
            jpeg_start_decompress(&codec);
            if (codec.output_width != static_cast<unsigned>(outputWidth) ||
                codec.output_height != static_cast<unsigned>(outputHeight))
                ERREXIT(&codec, JERR_NOTIMPL);  // not as documented; never write past `pixels`
            while (codec.output_scanline < codec.output_height) {
                uint8_t *row = pixels + codec.output_scanline * rowBytes;
                if (isInked) {
                    JSAMPROW target = inks.data();
                    jpeg_read_scanlines(&codec, &target, 1);
                    convertRow(target, row, outputWidth);
                } else {
                    JSAMPROW targets[8];
                    JDIMENSION count = std::min(8u, codec.output_height - codec.output_scanline);
                    for (JDIMENSION index = 0; index < count; ++index) targets[index] = row + index * rowBytes;
                    jpeg_read_scanlines(&codec, targets, count);
                }
            }
            jpeg_finish_decompress(&codec);
        });
    }

private:
    Decompressor decompressor;
    ErrorManager &manager = decompressor.manager;
    jpeg_decompress_struct &codec = decompressor.codec;
    jpeg_progress_mgr progress{};
    bool isInked = false;

    void keepFirstExif() {
        for (auto *marker = codec.marker_list; marker != nullptr; marker = marker->next) {
            if (marker->data_length >= 6 && std::memcmp(marker->data, "Exif\0", 6) == 0) {
                keepExif(marker->data, marker->data_length);
                return;
            }
        }
    }
};

}  // namespace

std::unique_ptr<Image> openJPEG(Bytes bytes) {
    if (bytes.count < 3 || std::memcmp(bytes.start, "\xFF\xD8\xFF", 3) != 0) return nullptr;
    return std::make_unique<JPEG>(bytes);
}

void encodeJPEG(const Raster &raster, int32_t quality, OwnedBytes &result) {
    if (raster.width > JPEG_MAX_DIMENSION || raster.height > JPEG_MAX_DIMENSION)
        refuseArgument("a JPEG of " + std::to_string(raster.width) + " x " + std::to_string(raster.height) +
                       " pixels, more than " + std::to_string(JPEG_MAX_DIMENSION) + " on a side");
    Compressor compressor;
    auto &codec = compressor.codec;
    unsigned long count = 0;
    attempt(compressor.manager, [&] {
        jpeg_create_compress(&codec);
        jpeg_mem_dest(&codec, &result.start, &count);
        codec.image_width = static_cast<JDIMENSION>(raster.width);
        codec.image_height = static_cast<JDIMENSION>(raster.height);
        codec.input_components = raster.channels;
        codec.in_color_space = raster.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_set_defaults(&codec);
        jpeg_set_quality(&codec, quality, TRUE);
        jpeg_start_compress(&codec, TRUE);
        while (codec.next_scanline < codec.image_height) {
            JSAMPROW row = const_cast<uint8_t *>(raster.pixels + codec.next_scanline * raster.rowBytes());
            jpeg_write_scanlines(&codec, &row, 1);
        }
        jpeg_finish_compress(&codec);
    });
    result.count = count;
}

}  // namespace acm::media
