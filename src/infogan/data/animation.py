"""Frames as one file that a browser, a slide or a chat plays."""

import io

from PIL import Image

from infogan.data.images import Pixels

KINDS = {".gif": "GIF", ".webp": "WEBP"}


def animation(frames: Pixels, suffix: str, seconds: float) -> bytes:
    """Frames [T, H, W, C] as the bytes of a GIF or WEBP file that lasts so long, over and over.
    A grey image keeps every pixel, and so does colour in WEBP; a GIF has 256 colours a frame."""
    first, *rest = (Image.fromarray(f[..., 0] if f.shape[2] == 1 else f) for f in frames)
    buffer, each = io.BytesIO(), max(20, round(1000 * seconds / len(frames)))  # ms; browsers' least
    how = {"save_all": True, "append_images": rest, "duration": each, "loop": 0}
    first.save(buffer, KINDS[suffix], lossless=True, **how)
    return buffer.getvalue()
