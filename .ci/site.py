"""Check a built site: nothing is loaded from elsewhere, and no link leads nowhere.

    sphinx-build -W --keep-going docs build/site
    python .ci/site.py build/site

A page may link to other sites. It may not load a script, a style, a font or a picture from them,
because a reader without a network, or who does not want to be seen, should see all of it.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src"}
LOADED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect"}


class Page(HTMLParser):
    """What a page loads, links to, and can be linked to at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a tag loads, links to or names."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in LOADED and LOADED[tag] in given:
            self.loads.append(given[LOADED[tag]])
        if tag == "link" and LOADED_LINKS & set(given.get("rel", "").split()):
            self.loads.append(given.get("href", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


def is_elsewhere(address: str) -> bool:
    """Whether an address is on another host; ``data:`` and the like are not."""
    return bool(urlsplit(address).netloc)


def faults(site: Path) -> list[str]:
    """Return a sentence for each fault."""
    paths = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    pages = {path.resolve(): Page(path.read_text()) for path in paths}
    found = [fault for path in pages for fault in faults_of_page(path, pages)]
    for style in sorted(site.rglob("*.css")):
        loads = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", style.read_text())
        found += [f"{style} loads {each}" for each in loads if is_elsewhere(each)]
    return found


def faults_of_page(path: Path, pages: dict[Path, Page]) -> list[str]:
    """Return what one page loads from elsewhere, and its links that lead nowhere."""
    page, found = pages[path], []
    found += [f"{path} loads {each}" for each in page.loads if is_elsewhere(each)]
    for each in page.loads + page.links:
        parts = urlsplit(each)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.exists():
            found.append(f"{path} refers to {each}, which does not exist")
        elif target in pages and unquote(parts.fragment) not in pages[target].anchors | {""}:
            found.append(f"{path} refers to {each}, which has no such place")
    return found


def main(site: Path) -> None:
    """Print all faults, and exit with 1 if there are any."""
    found = faults(site)
    print("\n".join(found) or "nothing is loaded from elsewhere, and every link leads somewhere")
    sys.exit(bool(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
