"""Line charts as SVG."""

import html
import pathlib

COLOURS = ["#c0392b", "#2c6fbb", "#2e8b57", "#8e5ea2", "#d98e04", "#16808a", "#7a6a58", "#444444"]


def lines(path: pathlib.Path, *, title: str, across: str, up: str, series: dict[str, list[tuple[float, float]]],
          reference: list[tuple[float, float]], reference_name: str, top: float, bottom: float = 0,
          end: float = 1) -> None:
    """Writes one line a series over `across` from 0 to `end` and `up` from `bottom` to `top`; what lies beyond is cut off.
    The reference is dashed."""
    width, height, left, right, above, below = 760, 440, 56, 250, 40, 48
    x = lambda value: left + value / end * (width - left - right)  # noqa: E731
    y = lambda value: height - below - (value - bottom) / (top - bottom) * (height - above - below)  # noqa: E731
    points = lambda line: " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)  # noqa: E731
    text = lambda a, b, words, more="": f'<text x="{a:.1f}" y="{b:.1f}" {more}>{html.escape(words)}</text>'  # noqa: E731
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             'font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>',
             text(left, 22, title, 'font-size="14" font-weight="bold"')]
    spacing = 0.25 if end <= 1.5 else 0.5
    for step in range(int(end / spacing) + 1):
        parts.append(text(x(step * spacing), height - below + 18, f"{step * spacing:g}", 'text-anchor="middle"'))
    for step in range(5):
        level = bottom + step / 4 * (top - bottom)
        parts += [f'<line x1="{left}" x2="{width - right}" y1="{y(level):.1f}" y2="{y(level):.1f}" '
                  'stroke="#dddddd"/>', text(left - 8, y(level) + 4, f"{level:g}", 'text-anchor="end"')]
    parts += [text((left + width - right) / 2, height - 10, across, 'text-anchor="middle"'),
              text(16, (above + height - below) / 2, up,
                   f'text-anchor="middle" transform="rotate(-90 16 {(above + height - below) / 2})"')]
    parts.append(f'<clipPath id="area"><rect x="{left - 4}" y="{above - 4}" width="{width - left - right + 8}" '
                 f'height="{height - above - below + 8}"/></clipPath>')
    named = [(reference_name, reference, "#999999", ' stroke-dasharray="5 4"')]
    named += [(name, line, COLOURS[i % len(COLOURS)], "") for i, (name, line) in enumerate(series.items())]
    for i, (name, line, colour, dashes) in enumerate(named):
        parts += ['<g clip-path="url(#area)">',
                  f'<polyline points="{points(line)}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>']
        if not dashes:
            parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in line]
        parts.append("</g>")
        at = above + 10 + 20 * i
        parts += [f'<line x1="{width - right + 14}" x2="{width - right + 34}" y1="{at - 4}" y2="{at - 4}" '
                  f'stroke="{colour}" stroke-width="2"{dashes}/>', text(width - right + 40, at, name)]
    path.write_text("\n".join(parts + ["</svg>"]) + "\n")
