"""What the functions of `imagenet-c` make of three images, to compare our corruptions with.

`corruptions/images.safetensors` holds the recipes of three images of 224 × 224 pixels, so that they
take little space: "dead leaves" [leaves, 9] int16, disks that cover one another, whose edges and areas
are distributed as those of natural images are. `render` says how they are drawn; the tests draw the
same. `corruptions/reference.safetensors` holds

- `mean` and `deviation` [15, 5, 3, 10]: for corruption, severity and image, ten statistics averaged
  over random draws, and their deviation over these; `draws` [15] says how many there were. The
  statistics are: the mean absolute difference from the clean image; mean of red, green, blue;
  deviation of red, green, blue; variance of the luminance below 1/32, up to 1/8, and above 1/8 cycles
  a pixel.
- `clean` [3, 10], the same of the clean images.
- `frost` [5, 10]: the same of crops of the five photographs of frost, the difference being that from black.
- `exact.NAME` [3, 56, 56] uint8: every fourth row and column of the first image at severity 3, for
  corruptions without random draws and for motion blur in the direction of 20°.

The package is of 2018 and asks for libraries of its time. `load` says what is replaced so that it runs
with today's; none of it touches a corruption. Its source archive is needed, not its wheel, which lacks
the photographs of frost: unpack it to .deps/goldens, as `make goldens` does, or name the unpacked folder
in IMAGENET_C. It also needs ImageMagick (Debian's libmagickwand-6.q16-6).
"""

import functools
import os
import pathlib
import sys
import types

import numpy
from safetensors.numpy import save_file

SIZE = 224
NAMES = [
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur",
    "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression",
]
FIXED = ["defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression"]
# Draws are many where one draw decides much, few where the package is slow.
DRAWS = {"glass_blur": 3, "frost": 60, "fog": 60, "snow": 16, "elastic_transform": 60, "motion_blur": 16}
DEGREES = 20


def load():
    folder = pathlib.Path(os.environ.get("IMAGENET_C", pathlib.Path(__file__).resolve().parents[2]
                                         / ".deps/goldens/imagenet_c-0.0.3"))
    if not (folder / "imagenet_c/frost").is_dir():
        raise SystemExit(f"{folder} is not the unpacked source archive of imagenet-c 0.0.3: set IMAGENET_C.")
    import scipy.ndimage
    import skimage
    import skimage.color
    import skimage.filters
    import skimage.util

    # Names that NumPy, SciPy and setuptools have dropped since.
    numpy.float_ = numpy.float64
    numpy.fromstring = numpy.frombuffer
    interpolation = types.ModuleType("scipy.ndimage.interpolation")
    interpolation.map_coordinates = scipy.ndimage.map_coordinates
    sys.modules["scipy.ndimage.interpolation"] = interpolation
    resources = types.ModuleType("pkg_resources")
    resources.resource_filename = lambda package, name: str(folder / "imagenet_c" / name)
    sys.modules["pkg_resources"] = resources
    # scikit-image calls the axis of colours by number now.
    plain_gaussian = skimage.filters.gaussian

    def gaussian(image, sigma=1, multichannel=False, **arguments):
        return plain_gaussian(image, sigma=sigma, channel_axis=-1 if multichannel else None, **arguments)

    skimage.filters.gaussian = gaussian
    # It draws from a generator of its own now, whose seed cannot be set from outside.
    generator = numpy.random.default_rng(0)
    skimage.util.random_noise = functools.partial(skimage.util.random_noise, rng=generator)
    sys.path.insert(0, str(folder))
    import imagenet_c.corruptions

    return imagenet_c.corruptions


def leaves(generator, count: int, brightness: tuple[int, int], texture: int) -> numpy.ndarray:
    """[leaves, 9] int16: centre x and y, radius, red, green, blue, slope along x and y, texture."""
    # Radii with density r⁻³ make images whose statistics do not change with scale.
    radius = 1 / numpy.sqrt(generator.uniform(1 / 110**2, 1 / 5**2, count))
    centre = generator.uniform(-20, SIZE + 20, (count, 2))
    grey = generator.uniform(*brightness, (count, 1))
    colour = grey + generator.normal(0, 22, (count, 3))
    slope = generator.normal(0, 12, (count, 2))
    rough = generator.integers(0, texture, (count, 1))
    found = numpy.concatenate([centre, radius[:, None], numpy.clip(colour, 0, 255), slope, rough], axis=1)
    found[0, [0, 1, 2, 8]] = SIZE // 2, SIZE // 2, 2 * SIZE, 4  # covers all
    return numpy.round(found).astype(numpy.int16)


def render(recipe: numpy.ndarray) -> numpy.ndarray:
    """[224, 224, 3] uint8. Integers only, so that any language draws the same."""
    y, x = numpy.mgrid[:SIZE, :SIZE].astype(numpy.int64)
    owner = numpy.zeros((SIZE, SIZE), numpy.int64)
    for index, leaf in enumerate(recipe.astype(numpy.int64)):
        owner[(x - leaf[0]) ** 2 + (y - leaf[1]) ** 2 <= leaf[2] ** 2] = index
    leaf = recipe.astype(numpy.int64)[owner]
    shade = (leaf[..., 6] * (x - leaf[..., 0]) + leaf[..., 7] * (y - leaf[..., 1])) >> 6
    channels = []
    for channel in range(3):
        noise = (x * 73856093 + y * 19349663 + channel * 83492791) & 0xFFFFFF
        noise = ((noise ^ (noise >> 11)) * 1274126177 >> 13) & 0xFF
        channels.append(leaf[..., 3 + channel] + shade + (leaf[..., 8] * (noise - 128) >> 7))
    return numpy.clip(numpy.stack(channels, axis=-1), 0, 255).astype(numpy.uint8)


def statistics(image: numpy.ndarray, clean: numpy.ndarray) -> numpy.ndarray:
    image = image.astype(numpy.float64)
    grey = image @ [0.299, 0.587, 0.114]
    power = numpy.abs(numpy.fft.fft2(grey - grey.mean())) ** 2 / grey.size**2
    frequency = numpy.hypot(numpy.fft.fftfreq(SIZE)[:, None], numpy.fft.fftfreq(SIZE)[None])
    low, high = frequency < 1 / 32, frequency >= 1 / 8
    return numpy.array([
        numpy.abs(image - clean).mean(), *image.mean((0, 1)), *image.std((0, 1)),
        power[low].sum(), power[~low & ~high].sum(), power[high].sum(),
    ])


def write(root: pathlib.Path, seed: int) -> list[str]:
    from PIL import Image

    reference = load()
    generator = numpy.random.default_rng(seed)
    recipes = {
        "plain": leaves(generator, 500, (60, 200), 14),
        "dark": leaves(generator, 300, (5, 110), 8),
        "bright": leaves(generator, 700, (90, 255), 22),
    }
    images = [render(recipe) for recipe in recipes.values()]

    def corrupted(name: str, image: numpy.ndarray, severity: int) -> numpy.ndarray:
        return numpy.uint8(getattr(reference, name)(Image.fromarray(image), severity))

    mean = numpy.zeros((len(NAMES), 5, len(images), 10), numpy.float32)
    deviation = numpy.zeros_like(mean)
    draws = [1 if name in FIXED else DRAWS.get(name, 8) for name in NAMES]
    for index, name in enumerate(NAMES):
        for severity in range(1, 6):
            for number, image in enumerate(images):
                found = []
                for draw in range(draws[index]):
                    # The same draws at every severity.
                    numpy.random.seed(seed + 1000 * number + draw)
                    found.append(statistics(corrupted(name, image, severity), image))
                found = numpy.array(found)
                mean[index, severity - 1, number] = found.mean(0)
                deviation[index, severity - 1, number] = found.std(0, ddof=1) if len(found) > 1 else 0

    crops = numpy.random.default_rng(seed)
    frost = []
    for name in ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg"):
        with Image.open(reference.resource_filename("imagenet_c", f"frost/{name}")) as file:
            photograph = numpy.array(file.convert("RGB"))
        corners = crops.integers(0, (photograph.shape[0] - SIZE, photograph.shape[1] - SIZE), (60, 2))
        parts = [photograph[top:top + SIZE, left:left + SIZE] for top, left in corners]
        frost.append(numpy.mean([statistics(part, numpy.zeros_like(part)) for part in parts], axis=0))

    exact = {name: corrupted(name, images[0], 3) for name in FIXED}
    uniform = numpy.random.uniform
    numpy.random.uniform = lambda *_, **__: DEGREES
    exact["motion_blur"] = corrupted("motion_blur", images[0], 3)
    numpy.random.uniform = uniform

    folder = root / "corruptions"
    folder.mkdir(parents=True, exist_ok=True)
    save_file(recipes, folder / "images.safetensors")
    save_file({
        "mean": mean, "deviation": deviation, "draws": numpy.array(draws, numpy.int32),
        "clean": numpy.array([statistics(image, image) for image in images], numpy.float32),
        "frost": numpy.array(frost, numpy.float32),
        **{f"exact.{name}": numpy.ascontiguousarray(image[::4, ::4].transpose(2, 0, 1))
           for name, image in exact.items()},
    }, folder / "reference.safetensors")
    return ["corruptions"]


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), 20240817)
