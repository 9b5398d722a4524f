"""Images as PNG: for a page, as data URIs; for a file, as bytes."""

import base64
import io

from PIL import Image

from infogan.data.images import Pixels


def png(image: Pixels) -> bytes:
    """An image [H, W, C] as the bytes of a PNG file, pixel for pixel."""
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "PNG")
    return buffer.getvalue()


def uri(image: Pixels) -> str:
    """An image [H, W, C] as a data URI, for a page that loads nothing."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()
