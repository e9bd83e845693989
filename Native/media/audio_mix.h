// Decoded frames of any sample format as one channel of floats.
#pragma once

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/samplefmt.h>
#include <libavutil/version.h>
}

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "boundary.h"

namespace acm::media {

/// In -1 ... 1; eight bits are unsigned.
template <typename Sample>
float amplitude(Sample value) {
    if constexpr (std::is_floating_point_v<Sample>) {
        return static_cast<float>(value);
    } else if constexpr (std::is_unsigned_v<Sample>) {
        return (static_cast<float>(value) - 128.0f) / 128.0f;
    } else {
        return static_cast<float>(static_cast<double>(value) / -static_cast<double>(std::numeric_limits<Sample>::min()));
    }
}

/// Adds each channel and divides by their number.
template <typename Sample>
void mixAs(const AVFrame &frame, int channels, bool isPlanar, std::vector<float> &mono) {
    size_t count = mono.size();
    for (int channel = 0; channel < channels; ++channel) {
        auto *samples = reinterpret_cast<const Sample *>(frame.extended_data[isPlanar ? channel : 0]);
        size_t step = isPlanar ? 1 : channels;
        if (!isPlanar) samples += channel;
        if (channel == 0)
            for (size_t index = 0; index < count; ++index) mono[index] = amplitude(samples[index * step]);
        else
            for (size_t index = 0; index < count; ++index) mono[index] += amplitude(samples[index * step]);
    }
    if (channels > 1)
        for (float &sample : mono) sample /= static_cast<float>(channels);
}

inline void mixAny(const AVFrame &frame, std::vector<float> &mono) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 28, 100)
    int channels = frame.ch_layout.nb_channels;
#else
    int channels = frame.channels;
#endif
    auto format = static_cast<AVSampleFormat>(frame.format);
    bool isPlanar = av_sample_fmt_is_planar(format) != 0;
    if (channels < 1) refuseDamaged("audio without channels");
    mono.resize(static_cast<size_t>(frame.nb_samples));
    switch (av_get_packed_sample_fmt(format)) {
        case AV_SAMPLE_FMT_U8: return mixAs<uint8_t>(frame, channels, isPlanar, mono);
        case AV_SAMPLE_FMT_S16: return mixAs<int16_t>(frame, channels, isPlanar, mono);
        case AV_SAMPLE_FMT_S32: return mixAs<int32_t>(frame, channels, isPlanar, mono);
        case AV_SAMPLE_FMT_S64: return mixAs<int64_t>(frame, channels, isPlanar, mono);
        case AV_SAMPLE_FMT_FLT: return mixAs<float>(frame, channels, isPlanar, mono);
        case AV_SAMPLE_FMT_DBL: return mixAs<double>(frame, channels, isPlanar, mono);
        default: refuseUnknown("samples of an unknown type");
    }
}

/// The mean of a frame's channels.
inline void mix(const AVFrame &frame, std::vector<float> &mono) {
    mixAny(frame, mono);
    // Files of floating-point samples can hold anything.
    for (float sample : mono)
        if (!std::isfinite(sample)) refuseDamaged("a sample that is not a finite number");
}

}  // namespace acm::media
