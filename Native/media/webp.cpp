// WebP by libwebp.

#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>

#include "image.h"

namespace acm::media {
namespace {

struct DemuxerDeleter {
    void operator()(WebPDemuxer *demuxer) const { WebPDemuxDelete(demuxer); }
};
struct AnimationDeleter {
    void operator()(WebPAnimDecoder *decoder) const { WebPAnimDecoderDelete(decoder); }
};

class WebP final : public Image {
public:
    explicit WebP(Bytes bytes) : data{bytes.start, bytes.count} {
        WebPBitstreamFeatures features;
        check(WebPGetFeatures(data.bytes, data.size, &features));
        width = features.width;
        height = features.height;
        isAnimated = features.has_animation != 0;

        WebPDemuxState state;
        std::unique_ptr<WebPDemuxer, DemuxerDeleter> demuxer(WebPDemuxPartial(&data, &state));
        if (state == WEBP_DEMUX_PARSE_ERROR) refuseDamaged("libwebp's parse error");
        if (state != WEBP_DEMUX_DONE) refuseDamaged("a file that ends too early");
        WebPChunkIterator chunk;
        if (WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) != 0) {
            keepExif(chunk.chunk.bytes, chunk.chunk.size);
            WebPDemuxReleaseChunkIterator(&chunk);
        }
    }

    void decode(int32_t, uint8_t *pixels) override {
        if (isAnimated) return decodeFirstFrame(pixels);
        WebPDecoderConfig config;
        if (WebPInitDecoderConfig(&config) == 0) refuseUnknown("a libwebp of another version");
        config.output.colorspace = MODE_RGB;
        config.output.is_external_memory = 1;
        config.output.u.RGBA.rgba = pixels;
        config.output.u.RGBA.stride = width * 3;
        config.output.u.RGBA.size = static_cast<size_t>(width) * height * 3;
        VP8StatusCode status = WebPDecode(data.bytes, data.size, &config);
        WebPFreeDecBuffer(&config.output);
        check(status);
    }

private:
    WebPData data;
    bool isAnimated = false;

    /// The first frame on its canvas, which starts transparent black.
    void decodeFirstFrame(uint8_t *pixels) {
        WebPAnimDecoderOptions options;
        if (WebPAnimDecoderOptionsInit(&options) == 0) refuseUnknown("a libwebp of another version");
        options.color_mode = MODE_RGBA;
        options.use_threads = 0;
        std::unique_ptr<WebPAnimDecoder, AnimationDeleter> decoder(WebPAnimDecoderNew(&data, &options));
        uint8_t *frame = nullptr;
        int timestamp = 0;
        if (!decoder || WebPAnimDecoderGetNext(decoder.get(), &frame, &timestamp) == 0)
            refuseDamaged("an animation whose first frame libwebp cannot decode");
        for (size_t index = 0, count = static_cast<size_t>(width) * height; index < count; ++index)
            std::memcpy(pixels + 3 * index, frame + 4 * index, 3);
    }

    static void check(VP8StatusCode status) {
        switch (status) {
            case VP8_STATUS_OK: return;
            case VP8_STATUS_OUT_OF_MEMORY: throw std::bad_alloc();
            case VP8_STATUS_NOT_ENOUGH_DATA:
            case VP8_STATUS_SUSPENDED: refuseDamaged("a file that ends too early");
            case VP8_STATUS_UNSUPPORTED_FEATURE: refuseUnknown("a WebP of an unsupported kind");
            default: refuseDamaged("libwebp's error " + std::to_string(status) + " in the bitstream");
        }
    }
};

}  // namespace

std::unique_ptr<Image> openWebP(Bytes bytes) {
    if (bytes.count < 12 || std::memcmp(bytes.start, "RIFF", 4) != 0 ||
        std::memcmp(bytes.start + 8, "WEBP", 4) != 0)
        return nullptr;
    return std::make_unique<WebP>(bytes);
}

}  // namespace acm::media
