// Audio by FFmpeg's libavformat and libavcodec, resampled by soxr.

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include <unistd.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}
#include <soxr.h>

#include "audio_mix.h"
#include "boundary.h"

using namespace acm::media;

namespace {

/// Only these are tried: FFmpeg knows formats that open other files or the network.
constexpr const char *formats = "wav,flac,ogg,mp3,g722";
constexpr const char *codecs =
    "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_s64le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,"
    "adpcm_ima_wav,g722,flac,vorbis,opus,mp3,mp3float";
constexpr int32_t rateLimit = 768'000;
constexpr size_t readBytes = 1 << 16;
/// The most that FFmpeg may allocate at once: damaged headers ask for gigabytes.
constexpr size_t allocationLimit = 64 << 20;

// --- FFmpeg's messages -----------------------------------------------------

thread_local char lastError[160];

void keepError(void *context, int level, const char *format, va_list arguments) {
    if (level > AV_LOG_ERROR) return;
    (void)context;
    std::vsnprintf(lastError, sizeof lastError, format, arguments);
    lastError[std::strcspn(lastError, "\n")] = 0;
}

std::string text(int code) {
    char name[AV_ERROR_MAX_STRING_SIZE];
    av_strerror(code, name, sizeof name);
    std::string detail = lastError[0] == 0 ? "" : std::string(": ") + lastError;
    return std::string("FFmpeg's \"") + name + detail + "\"";
}

/// Throws for a failure while decoding.
void check(int code) {
    if (code >= 0) return;
    if (code == AVERROR(ENOMEM)) refuseDamaged("a file that asks for too much memory");
    refuseDamaged(text(code));
}

// --- input -----------------------------------------------------------------

struct Input {
    const acm_audio_source &source;
    int64_t position = 0;
};

int readInput(void *context, uint8_t *target, int capacity) {
    auto &input = *static_cast<Input *>(context);
    int64_t count = std::min<int64_t>(capacity, input.source.count - input.position);
    if (count <= 0) return AVERROR_EOF;
    if (input.source.bytes != nullptr) {
        std::memcpy(target, input.source.bytes + input.position, static_cast<size_t>(count));
    } else {
        ssize_t got;
        do got = pread(input.source.descriptor, target, static_cast<size_t>(count), input.position);
        while (got < 0 && errno == EINTR);
        if (got < 0) return AVERROR(errno);
        if (got == 0) return AVERROR_EOF;
        count = got;
    }
    input.position += count;
    return static_cast<int>(count);
}

int64_t seekInput(void *context, int64_t offset, int whence) {
    auto &input = *static_cast<Input *>(context);
    switch (whence & ~AVSEEK_FORCE) {
        case AVSEEK_SIZE: return input.source.count;
        case SEEK_SET: break;
        case SEEK_CUR: offset += input.position; break;
        case SEEK_END: offset += input.source.count; break;
        default: return AVERROR(EINVAL);
    }
    if (offset < 0) return AVERROR(EINVAL);
    return input.position = offset;
}

int openNothing(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **) {
    return AVERROR(EPERM);
}

// --- owners ----------------------------------------------------------------

struct IODeleter {
    void operator()(AVIOContext *io) const {
        av_freep(&io->buffer);
        avio_context_free(&io);
    }
};
struct FormatDeleter {
    void operator()(AVFormatContext *format) const { avformat_close_input(&format); }
};
struct CodecDeleter {
    void operator()(AVCodecContext *codec) const { avcodec_free_context(&codec); }
};
struct PacketDeleter {
    void operator()(AVPacket *packet) const { av_packet_free(&packet); }
};
struct FrameDeleter {
    void operator()(AVFrame *frame) const { av_frame_free(&frame); }
};
struct ResamplerDeleter {
    void operator()(soxr_t resampler) const { soxr_delete(resampler); }
};

template <typename Pointer>
Pointer allocated(Pointer pointer) {
    if (pointer == nullptr) throw std::bad_alloc();
    return pointer;
}

// --- output ----------------------------------------------------------------

/// Mono samples at the wanted rate, never more than allowed.
class Output {
public:
    Output(int32_t inputRate, int32_t rate, double maximumSeconds)
        : limit(maximumSeconds * rate), seconds(maximumSeconds), ratio(double(rate) / inputRate) {
        if (inputRate == rate) return;
        soxr_error_t error = nullptr;
        soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
        soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
        soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
        resampler.reset(soxr_create(inputRate, rate, 1, &error, &io, &quality, &runtime));
        if (error != nullptr) throw Refusal(ACM_FAILURE, std::string("soxr's \"") + error + "\"");
    }

    void append(const std::vector<float> &mono) {
        if (mono.empty()) return;  // nothing, to soxr, is the end
        if (!resampler) {
            checkRoom(mono.size());
            samples.insert(samples.end(), mono.begin(), mono.end());
            return;
        }
        resample(mono.data(), mono.size());
    }

    /// Takes what the resampler still holds.
    void finish() {
        if (resampler) resample(nullptr, 0);
    }

    std::vector<float> samples;

private:
    double limit;
    double seconds;
    double ratio;
    std::unique_ptr<std::remove_pointer_t<soxr_t>, ResamplerDeleter> resampler;

    void checkRoom(size_t more) const {
        if (double(samples.size()) + double(more) > limit)
            refuseTooLarge("more than " + std::to_string(seconds) + " s");
    }

    void resample(const float *mono, size_t count) {
        // Until all is taken and, at the end of the stream, nothing more comes.
        for (;;) {
            size_t room = static_cast<size_t>(std::ceil(double(count) * ratio)) + 4096;
            size_t before = samples.size(), taken = 0, given = 0;
            samples.resize(before + room);
            soxr_error_t error =
                soxr_process(resampler.get(), mono, count, &taken, samples.data() + before, room, &given);
            samples.resize(before + given);
            if (error != nullptr) throw Refusal(ACM_FAILURE, std::string("soxr's \"") + error + "\"");
            checkRoom(0);
            if (mono == nullptr ? given < room : taken == count) return;
            if (mono != nullptr) {
                mono += taken;
                count -= taken;
            }
        }
    }
};

// --- decoding --------------------------------------------------------------

/// Bytes of a layer III frame by its header; 0 where that does not tell.
///
/// Source: ISO/IEC 11172-3, 2.4.2.3, and 13818-3, 2.4.2.3.
int frameBytesOfMP3(const uint8_t *header) {
    static constexpr int kilobits[2][15] = {
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}};
    static constexpr int rates[3] = {44'100, 48'000, 32'000};
    int version = header[1] >> 3 & 3, layer = header[1] >> 1 & 3;  // 3, 2, 0: MPEG 1, 2, 2.5; 1: III
    int bitRate = header[2] >> 4, rate = header[2] >> 2 & 3, padding = header[2] >> 1 & 1;
    if (version == 1 || layer != 1 || bitRate == 0 || bitRate == 15 || rate == 3) return 0;
    bool isFirst = version == 3;
    int divisor = isFirst ? 1 : version == 2 ? 2 : 4;
    return (isFirst ? 144'000 : 72'000) * kilobits[isFirst][bitRate] / (rates[rate] / divisor) + padding;
}

class Decoder {
public:
    explicit Decoder(const acm_audio_source &source) : input{source} {
        lastError[0] = 0;
        auto *buffer = allocated(static_cast<uint8_t *>(av_malloc(readBytes)));
        io.reset(avio_alloc_context(buffer, readBytes, 0, &input, readInput, nullptr, seekInput));
        if (!io) {
            av_free(buffer);
            throw std::bad_alloc();
        }
        openFormat(source.is_g722);
        openCodec();
    }

    int32_t rate() const { return codec->sample_rate; }

    /// Samples that the header or the last page promises, in units of the stream; negative where none do.
    int64_t promised() const {
        bool isGuess = format->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
        return isGuess || stream->duration == AV_NOPTS_VALUE || stream->duration <= 0 ? -1 : stream->duration;
    }

    double promisedSeconds() const { return double(promised()) * av_q2d(stream->time_base); }

    /// Gives mono samples to `consume`, piece by piece.
    template <typename Consume>
    void decode(Consume &&consume) {
        std::unique_ptr<AVPacket, PacketDeleter> packet(allocated(av_packet_alloc()));
        std::unique_ptr<AVFrame, FrameDeleter> frame(allocated(av_frame_alloc()));
        std::vector<float> mono, held;  // the last piece is held back, to be cut to length
        int64_t count = 0, heard = 0, leading = isOgg() ? stream->codecpar->initial_padding : 0;
        bool isOver = false;
        while (!isOver) {
            int code = av_read_frame(format.get(), packet.get());
            isOver = code == AVERROR_EOF;
            if (!isOver) {
                check(code);
                if (packet->stream_index != stream->index) {
                    av_packet_unref(packet.get());
                    continue;
                }
                bool isCut = codec->codec_id == AV_CODEC_ID_MP3 && packet->size >= 4 &&
                             packet->size < frameBytesOfMP3(packet->data);
                if (isCut || packet->flags & AV_PKT_FLAG_CORRUPT) refuseDamaged("a file that ends too early");
                heard += packet->duration;
            }
            check(avcodec_send_packet(codec.get(), isOver ? nullptr : packet.get()));
            av_packet_unref(packet.get());
            while ((code = avcodec_receive_frame(codec.get(), frame.get())) >= 0) {
                if (frame->sample_rate != rate()) refuseDamaged("a sample rate that changes");
                consume(held);
                mix(*frame, mono);
                std::swap(mono, held);
                auto dropped = std::min<int64_t>(leading, held.size());
                held.erase(held.begin(), held.begin() + dropped);
                leading -= dropped;
                count += held.size();
            }
            if (code != AVERROR(EAGAIN) && code != AVERROR_EOF) check(code);
        }
        if (isOgg()) {
            // The number of the last page says how much of the last packet counts.
            int64_t surplus = count - (promised() - stream->codecpar->initial_padding);
            if (promised() > 0 && surplus > 0 && surplus < int64_t(held.size()))
                held.resize(held.size() - surplus);
        } else if (heard < promised() && !hasBlocks()) {
            refuseDamaged("a file that ends too early");
        }
        consume(held);
    }

private:
    Input input;
    std::unique_ptr<AVIOContext, IODeleter> io;
    std::unique_ptr<AVFormatContext, FormatDeleter> format;
    std::unique_ptr<AVCodecContext, CodecDeleter> codec;
    AVStream *stream = nullptr;

    bool isOgg() const { return std::strcmp(format->iformat->name, "ogg") == 0; }

    /// Whether samples are only counted in whole blocks, so that headers say what they like.
    bool hasBlocks() const {
        return codec->codec_id == AV_CODEC_ID_ADPCM_MS || codec->codec_id == AV_CODEC_ID_ADPCM_IMA_WAV;
    }

    void openFormat(bool isG722) {
        AVFormatContext *context = allocated(avformat_alloc_context());
        context->pb = io.get();
        context->flags |= AVFMT_FLAG_CUSTOM_IO;
        context->io_open = openNothing;
        AVDictionary *options = nullptr;
        av_dict_set(&options, "format_whitelist", formats, 0);
        av_dict_set(&options, "codec_whitelist", codecs, 0);
        auto *known = isG722 ? av_find_input_format("g722") : nullptr;
        int code = avformat_open_input(&context, nullptr, known, &options);  // frees it on failure
        av_dict_free(&options);
        if (code == AVERROR_INVALIDDATA || code == AVERROR(EINVAL)) refuseUnknown("a file in none of them");
        check(code);
        format.reset(context);
    }

    void openCodec() {
        check(avformat_find_stream_info(format.get(), nullptr));
        int index = av_find_best_stream(format.get(), AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0);
        if (index < 0) refuseUnknown("a file without audio");
        stream = format->streams[index];
        for (unsigned other = 0; other < format->nb_streams; ++other)
            format->streams[other]->discard = int(other) == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
        auto *found = avcodec_find_decoder(stream->codecpar->codec_id);
        if (found == nullptr || !isAllowed(found->name))
            refuseUnknown(std::string("audio encoded as ") + avcodec_get_name(stream->codecpar->codec_id));
        codec.reset(allocated(avcodec_alloc_context3(found)));
        check(avcodec_parameters_to_context(codec.get(), stream->codecpar));
        codec->thread_count = 1;
        codec->pkt_timebase = stream->time_base;
        // FFmpeg 5.1 cuts too much from a stream whose audio is all on one page.
        if (isOgg()) codec->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
        codec->err_recognition |= AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
        check(avcodec_open2(codec.get(), found, nullptr));
        if (rate() < 1 || rate() > rateLimit)
            refuseDamaged("a sample rate of " + std::to_string(rate()) + " Hz");
    }

    static bool isAllowed(const char *name) {
        std::string list = std::string(",") + codecs + ",";
        return list.find(std::string(",") + name + ",") != std::string::npos;
    }
};

}  // namespace

int32_t acm_audio_decode(const acm_audio_source *source, int32_t sample_rate, double maximum_seconds,
                         float **samples, int64_t *count) {
    return guarded([&] {
        require(source, "source");
        require(samples, "samples");
        require(count, "count");
        if (sample_rate < 1 || sample_rate > rateLimit)
            refuseArgument("sample rate " + std::to_string(sample_rate) + " Hz");
        if (!(maximum_seconds > 0)) refuseArgument("a limit of " + std::to_string(maximum_seconds) + " s");
        if (source->count <= 0) refuseDamaged("no bytes at all");
        static std::once_flag once;
        std::call_once(once, [] {
            av_log_set_callback(keepError);
            av_max_alloc(allocationLimit);
        });

        Decoder decoder(*source);
        if (decoder.promisedSeconds() > maximum_seconds)
            refuseTooLarge(std::to_string(decoder.promisedSeconds()) + " s");
        Output output(decoder.rate(), sample_rate, maximum_seconds);
        decoder.decode([&](const std::vector<float> &mono) { output.append(mono); });
        output.finish();
        if (output.samples.empty()) refuseDamaged("no samples at all");

        size_t bytes = output.samples.size() * sizeof(float);
        auto *result = static_cast<float *>(std::malloc(bytes));
        if (result == nullptr) throw std::bad_alloc();
        std::memcpy(result, output.samples.data(), bytes);
        *samples = result;
        *count = static_cast<int64_t>(output.samples.size());
    });
}
