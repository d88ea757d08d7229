"""What axe-core finds on a page, by the five tags of WCAG 2.2 AA."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Frame, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}, "iframes": False}


async def violations(page: Page | Frame) -> list[str]:
    """One line a violation: the rule and where; frames are asked one by one, each as a page of its own."""
    found = await Axe().run(page, options=OPTIONS)
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
