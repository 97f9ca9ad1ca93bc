"""The sitemap (sitemaps.org, protocol 0.9): one file, or an index of files when there are many addresses."""

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from coopgov.core.time import utc_text

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
MOST = 5_000  # addresses in one file; the protocol allows 50,000


def sitemap(pages: Iterable[tuple[str, datetime | None]]) -> bytes:
    """The file for ``pages``: absolute address and last change, where that is known."""
    return _document("urlset", "url", pages)


def sitemap_index(files: Iterable[str]) -> bytes:
    """The index of the sitemap's ``files``, by their absolute addresses."""
    return _document("sitemapindex", "sitemap", ((address, None) for address in files))


def _document(root: str, item: str, rows: Iterable[tuple[str, datetime | None]]) -> bytes:
    top = Element(root, {"xmlns": NAMESPACE})
    for address, changed in rows:
        element = SubElement(top, item)
        SubElement(element, "loc").text = address
        if changed is not None:
            SubElement(element, "lastmod").text = utc_text(changed)
    document: bytes = tostring(top, encoding="utf-8", xml_declaration=True)
    return document
