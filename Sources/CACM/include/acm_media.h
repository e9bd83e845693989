/*
 * The C interface of libacm_media.so: decoding and encoding of images, decoding of audio.
 *
 *     acm_image *image;
 *     int32_t width, height;
 *     if (acm_image_open(bytes, count, 178956970, &image) != ACM_OK ||
 *         acm_image_size(image, 1, &width, &height) != ACM_OK)
 *         return puts(acm_media_error_message());
 *     uint8_t *pixels = malloc((size_t)height * width * 3);
 *     acm_image_decode(image, 1, pixels);
 *     acm_image_free(image);
 *
 * The library is optional: the functions below forward to it once acm_media_load has
 * succeeded, and return ACM_UNAVAILABLE before. Every function returns a status; results are
 * written only when it is ACM_OK, but for pixels, which may be written in part. The message of
 * the last failure on this thread is acm_media_error_message(); for a file that is refused it
 * says what was found there. Functions may be called from any thread; an image belongs to one
 * thread at a time.
 */
#ifndef ACM_MEDIA_H
#define ACM_MEDIA_H

#include "acm.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Raised whenever a declaration below changes. */
#define ACM_MEDIA_INTERFACE_VERSION 1

/* Statuses beside those of acm.h. */
#define ACM_MEDIA_UNKNOWN 16   /* in no format, or no kind of a format, that is known here */
#define ACM_MEDIA_DAMAGED 17   /* cut short, or its content contradicts itself */
#define ACM_MEDIA_TOO_LARGE 18 /* larger than the caller's limit */

/* Description of the last failure on this thread; never null. */
const char *acm_media_error_message(void);

/* Checks that this library fits the caller. Call once, first. */
int32_t acm_media_open(int32_t interface_version);

/* Frees bytes or samples that a function below has handed out. Null is allowed. */
int32_t acm_media_free(void *memory);

/* --- images: JPEG, PNG, WebP -------------------------------------------- */

typedef struct acm_image acm_image;

/*
 * Reads the header of an image; `bytes` must outlive the handle. Images of more than
 * `pixel_limit` pixels are refused before any memory is set aside for them. Of an animation
 * the first picture is taken.
 */
int32_t acm_image_open(const uint8_t *bytes, int64_t count, int64_t pixel_limit,
                       acm_image **result);
/*
 * Size in pixels. `reduction` is 1, 2, 4 or 8: a JPEG can be decoded at a half, a quarter or an
 * eighth of its size, rounded up, without the work of decoding it whole. Others ignore it.
 */
int32_t acm_image_size(const acm_image *image, int32_t reduction, int32_t *width, int32_t *height);
/*
 * Writes `height` rows of `width` pixels of three bytes, red, green, blue: what Pillow's
 * convert("RGB") gives. Call once.
 */
int32_t acm_image_decode(acm_image *image, int32_t reduction, uint8_t *pixels);
/* Exif data, from its TIFF header on, valid as long as the handle; null without any. Call after decoding. */
int32_t acm_image_exif(const acm_image *image, const uint8_t **bytes, int64_t *count);
/* Null is allowed. */
int32_t acm_image_free(acm_image *image);

/*
 * Both encode `height` rows of `width` pixels of `channels` bytes: 1 for grey, 3 for red, green,
 * blue, and in a PNG 4 with opacity. `quality` of a JPEG is 1 to 100, on libjpeg's scale.
 */
int32_t acm_image_encode_jpeg(const uint8_t *pixels, int32_t width, int32_t height,
                              int32_t channels, int32_t quality, uint8_t **bytes, int64_t *count);
int32_t acm_image_encode_png(const uint8_t *pixels, int32_t width, int32_t height,
                             int32_t channels, uint8_t **bytes, int64_t *count);

/* --- audio: WAV, FLAC, Ogg (Vorbis, Opus, FLAC), MP3, G.722 -------------- */

/* Where the encoded bytes come from. */
typedef struct acm_audio_source {
    const uint8_t *bytes; /* in memory, or null: then from the file below */
    int64_t count;        /* of bytes, in memory or in the file */
    int32_t descriptor;   /* of a file that can be read at any place */
    bool is_g722;         /* G.722 has no header to know it by; 16 kHz are taken */
} acm_audio_source;

/*
 * Decodes the first audio stream to one channel, the mean of all, in the range -1 to 1, at
 * `sample_rate` (band-limited resampling by soxr, quality HQ). Audio of more than
 * `maximum_seconds` is refused as soon as that is known; memory stays within that bound.
 */
int32_t acm_audio_decode(const acm_audio_source *source, int32_t sample_rate,
                         double maximum_seconds, float **samples, int64_t *count);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
