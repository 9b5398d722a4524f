"""Images as PNG: for a page, as data URIs; for a file, as bytes. And as small previews."""

import base64
import io

from PIL import Image

from infogan.data.images import Pixels


def png(image: Pixels) -> bytes:
    """An image [H, W, C] as the bytes of a PNG file, pixel for pixel."""
    return _encoded(image, "PNG")


def uri(image: Pixels) -> str:
    """An image [H, W, C] as a data URI, for a page that loads nothing."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()


def preview_uri(image: Pixels) -> str:
    """The same in a few bytes, as a WEBP that is nearly like the image."""
    return "data:image/webp;base64," + base64.b64encode(_encoded(image, "WEBP")).decode()


def _encoded(image: Pixels, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, kind)
    return buffer.getvalue()
