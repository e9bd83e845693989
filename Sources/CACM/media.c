#include <dlfcn.h>

#include "acm_loader.h"
#include "acm_media.h"
#include "forward.h"

static acm_shared_library library = ACM_SHARED_LIBRARY("libacm_media.so");

int32_t acm_media_load(const char *path) {
    return acm_shared_library_load(&library, path, RTLD_NOW | RTLD_LOCAL);
}

const char *acm_media_error_message(void) {
    return acm_shared_library_message(&library, "acm_media_error_message");
}

#define FORWARD(name, parameters, arguments) ACM_FORWARD(&library, name, parameters, arguments)

FORWARD(acm_media_open, (int32_t version), (version))
FORWARD(acm_media_free, (void *memory), (memory))

FORWARD(acm_image_open,
        (const uint8_t *bytes, int64_t count, int64_t pixel_limit, acm_image **result),
        (bytes, count, pixel_limit, result))
FORWARD(acm_image_size,
        (const acm_image *image, int32_t reduction, int32_t *width, int32_t *height),
        (image, reduction, width, height))
FORWARD(acm_image_decode, (acm_image * image, int32_t reduction, uint8_t *pixels),
        (image, reduction, pixels))
FORWARD(acm_image_exif, (const acm_image *image, const uint8_t **bytes, int64_t *count),
        (image, bytes, count))
FORWARD(acm_image_free, (acm_image * image), (image))
FORWARD(acm_image_encode_jpeg,
        (const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t quality,
         uint8_t **bytes, int64_t *count),
        (pixels, width, height, channels, quality, bytes, count))
FORWARD(acm_image_encode_png,
        (const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, uint8_t **bytes,
         int64_t *count),
        (pixels, width, height, channels, bytes, count))

FORWARD(acm_audio_decode,
        (const acm_audio_source *source, int32_t sample_rate, double maximum_seconds,
         float **samples, int64_t *count),
        (source, sample_rate, maximum_seconds, samples, count))
